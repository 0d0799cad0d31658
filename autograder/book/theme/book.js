// The widgets of a page: each one's data is asked for when it comes near the screen, and then it moves.
const courseBook = (() => {
  const here = document.currentScript.src.replace(/book\.js.*$/, "");
  const waiting = new Map();
  let front = null;

  function script(address) {
    return new Promise((done, failed) => {
      const element = document.createElement("script");
      element.src = address;
      element.onload = done;
      element.onerror = () => failed(new Error(`${address} cannot be read`));
      document.head.append(element);
    });
  }

  // a widget's data arrives: {"spec": ..., "index": ..., "block": ...}
  function traits(name, told) {
    for (const place of waiting.get(name) || []) place.told = told;
  }

  async function mount(place) {
    const name = place.dataset.widget;
    waiting.set(name, [...(waiting.get(name) || []), place]);
    front = front || script(here + "explorer.js");
    await Promise.all([front, script(`${here}widgets/${name}.js`)]);
    // paper gets the still picture
    const still = place.querySelector(".ck-poster").cloneNode();
    still.className = "book-still";
    const data = document.createElement("script");
    data.type = "application/json";
    data.textContent = JSON.stringify(place.told);
    place.querySelector(".ck-static").append(data);
    await window.courseWidgets.mountAll(window.courseWidgets.render, place);
    place.append(still);
    place.dataset.moves = "";
  }

  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      mount(target).catch((problem) => console.error(problem)); // the picture stays
    }
  }, { rootMargin: "1000px" });
  for (const place of document.querySelectorAll(".book-widget")) near.observe(place);

  // guesses stay in this browser
  document.querySelectorAll(".book-guess textarea").forEach((field, number) => {
    const key = `guess ${location.pathname.split("/").pop()} ${number}`;
    try {
      field.value = localStorage.getItem(key) || "";
      field.addEventListener("input", () => localStorage.setItem(key, field.value));
    } catch { /* a browser that keeps nothing */ }
  });

  // what scrolls sideways can be reached by the keyboard, and what does not is no stop on the way
  const wide = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const node of document.querySelectorAll("div.math, .bd-article pre")) wide.observe(node);

  return { traits };
})();
