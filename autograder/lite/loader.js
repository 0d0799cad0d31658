// Starts Pyodide for JupyterLite's kernel: Pyodide and its packages from PYODIDE, the course's wheels from this folder.
// The kernel calls loadPyodide with this file's folder as indexURL; Pyodide itself knows one source for all packages.
const PYODIDE = "@PYODIDE@";

self.loadPyodide = async (options) => {
  const here = options.indexURL;
  const source = new URL(PYODIDE, here).href;
  importScripts(`${source}pyodide.js`);  // defines self.loadPyodide anew
  const lock = await (await fetch(`${here}pyodide-lock.json`)).json();
  for (const item of Object.values(lock.packages)) {
    if (item.file_name.startsWith("./")) item.file_name = new URL(item.file_name, here).href;
  }
  const lockFileURL = URL.createObjectURL(new Blob([JSON.stringify(lock)], { type: "application/json" }));
  const pyodide = await self.loadPyodide({ ...options, indexURL: source, lockFileURL });
  pyodide.runPython(await (await fetch(`${here}kernel.py`)).text());
  return pyodide;
};
