// Mounts explorers in a page without Jupyter: finds their blocks and calls the same render() with a stand-in model.
// A page of one's own needs three lines:
//   import explorer from "./explorer.js";
//   import { mountAll } from "./static_host.js";
//   mountAll(explorer.render);

async function unpacked(base64) {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new DataView(await new Response(stream).arrayBuffer());
}

function standIn(traits) {
  const listeners = {};
  return {
    get: (name) => traits[name],
    set(name, value) {
      traits[name] = value;
      for (const listener of listeners["change:" + name] || []) listener();
    },
    on: (event, listener) => (listeners[event] = [...(listeners[event] || []), listener]),
    off: (event, listener) => (listeners[event] = (listeners[event] || []).filter((known) => known !== listener)),
    save_changes() {}, // there is no kernel to tell
  };
}

// The poster stays where a block cannot be read: a still picture is better than none.
export async function mountAll(render, within = document) {
  for (const place of within.querySelectorAll(".ck-static")) {
    const traits = JSON.parse(place.querySelector("script").textContent);
    traits.block = await unpacked(traits.block);
    const el = document.createElement("div");
    place.model = standIn(traits);
    render({ model: place.model, el });
    place.replaceChildren(el);
  }
}
