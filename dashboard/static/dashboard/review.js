// Deciding with the keyboard: j and k move, x ticks, a accepts, r rejects, e edits. Buttons do the same.
const form = document.querySelector("[data-review]");
const rows = [...(form?.querySelectorAll("[data-proposal]") ?? [])];
const KEPT = "sundial.review";

const focusRow = (index) => {
  const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
  row?.focus();
};
const current = () => rows.findIndex((row) => row.contains(document.activeElement));

if (form?.querySelector("[data-review-all]")) {
  const all = form.querySelector("[data-review-all]");
  const ticks = rows.map((row) => row.querySelector("input[type=checkbox]"));
  const everything = all.querySelector("input");
  all.hidden = false;
  form.querySelector("[data-review-keys]").hidden = false;
  everything.addEventListener("change", () => ticks.forEach((tick) => (tick.checked = everything.checked)));

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = current();
    if (event.key === "j") focusRow(at + 1);
    else if (event.key === "k") focusRow(at < 0 ? 0 : at - 1);
    else if (at < 0) return;
    else if (event.key === "x") ticks[at].checked = !ticks[at].checked;
    else if ("are".includes(event.key)) rows[at].querySelector(`[data-key="${event.key}"]`)?.click();
    else return;
    event.preventDefault();
  });

  // After a decision the page loads again: the next row is where the decided one was.
  form.addEventListener("submit", () => sessionStorage.setItem(KEPT, String(current())));
  const kept = Number(sessionStorage.getItem(KEPT) ?? -1);
  sessionStorage.removeItem(KEPT);
  if (kept >= 0) focusRow(kept);
}
