// What pages do beyond HTML: nothing here is needed, everything works without it.

// The theme changes at once, without loading the page again.
const themeSwitch = document.querySelector("[data-theme-switch]");
themeSwitch?.addEventListener("submit", (event) => {
  const choice = event.submitter?.value;
  if (!choice) return;
  event.preventDefault();
  const secure = location.protocol === "https:" ? "; secure" : "";
  const path = new URL("..", themeSwitch.action).pathname;
  document.cookie = `sundial_theme=${choice}; path=${path}; max-age=31536000; samesite=lax${secure}`;
  document.documentElement.dataset.theme = choice;
  for (const button of themeSwitch.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === choice));
  }
  document.dispatchEvent(new Event("themechange"));
});

// A picked day counts at once; a day that is being typed waits for Enter.
for (const form of document.querySelectorAll("[data-submit-on-change]")) {
  let typing = false;
  form.addEventListener("keydown", () => (typing = true));
  form.addEventListener("pointerdown", () => (typing = false));
  form.addEventListener("change", () => {
    if (!typing && form.reportValidity()) form.requestSubmit();
  });
}

// The demo's slider moves the whole site through the demo.
const demo = document.querySelector("[data-demo-start]");
if (demo) {
  const slider = demo.querySelector("input[type=range]");
  const shown = demo.querySelector("output");
  const dayAt = (offset) => {
    const day = new Date(`${demo.dataset.demoStart}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() + Number(offset));
    return day.toISOString().slice(0, 10);
  };
  const say = () => {
    shown.value = dayAt(slider.value);
    slider.setAttribute("aria-valuetext", shown.value);
  };
  const go = () => {
    const address = new URL(location.href);
    address.searchParams.set("as_of", dayAt(slider.value));
    address.searchParams.delete("page");
    if (address.href !== location.href) location.assign(address);
  };
  slider.addEventListener("input", say);
  slider.addEventListener("pointerup", go);
  // Arrow keys step day by day: go when the stepping pauses.
  let pause;
  slider.addEventListener("keyup", () => {
    clearTimeout(pause);
    pause = setTimeout(go, 500);
  });
  say();
  demo.hidden = false;
}

// The current place is in sight when the navigation scrolls sideways.
const here = document.querySelector(".nav [aria-current]");
if (here && here.parentElement.scrollWidth > here.parentElement.clientWidth) {
  here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.clientWidth / 3;
}

// A part of a page that is still changing says where it is told anew. It is asked until it says so no more;
// then the rest of the page, which stood still meanwhile, is loaded once.
const REFRESH = 3000;
const GIVE_UP = 5;
const follow = (part, failures) => {
  setTimeout(async () => {
    if (document.hidden) return follow(part, failures);
    try {
      const answer = await fetch(part.dataset.refresh, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
      if (!fresh?.dataset.refresh) return location.reload();
      part.replaceWith(fresh);
      follow(fresh, 0);
    } catch {
      if (failures < GIVE_UP) follow(part, failures + 1);
    }
  }, REFRESH * (failures + 1));
};
document.querySelectorAll("[data-refresh][id]").forEach((part) => follow(part, 0));
