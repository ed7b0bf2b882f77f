"use strict";
// The page is whole without this: it adds a choice of the theme, and fields that narrow what is shown.
const nav = document.querySelector("nav ul"), item = document.createElement("li"), button = document.createElement("button");
const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const name = () => { button.textContent = dark() ? "Light theme" : "Dark theme"; };
button.type = "button";
button.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
name();
item.append(button);
nav.append(item);
for (const input of document.querySelectorAll(".field input")) {
  const rows = [...document.querySelectorAll(`table[data-filter="${input.id}"] tbody tr, [data-row="${input.id}"]`)];
  const texts = rows.map(row => row.textContent.toLowerCase());
  const count = document.querySelector(`[data-count="${input.id}"]`);
  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, n) => { row.hidden = !words.every(word => texts[n].includes(word)); shown += !row.hidden; });
    count.textContent = words.length ? `${shown} of ${rows.length}` : "";
  };
  input.addEventListener("input", narrow);
  input.closest(".field").hidden = false;
}
