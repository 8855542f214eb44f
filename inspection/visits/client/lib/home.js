// The first screen: what is not sent yet, a code typed by hand, the works under way.
import { allVisits, dropVisit, fromFile, getPack, photosOf, toFile, DONE } from "./store.js";
import { metres } from "./place.js";
import { clock, fill, length, make, say, show, slot, word } from "./ui.js";

const LOOKALIKE = { I: "1", L: "1", O: "0" };

export const tidy = (text) =>
  text.trim().replace(/\/+$/, "").split("/").pop().toUpperCase().replace(/[-\s—－]/g, "").replace(/[ILO]/g, (c) => LOOKALIKE[c]);

export function findCode(pack, typed) {
  const token = tidy(typed);
  if (!/^[0-9A-Z]{15}$/.test(token)) return { error: word("code_bad") };
  for (const project of pack?.projects ?? []) {
    const code = project.codes.find((c) => c.token === token);
    if (code) return code.state === "active" ? { project, token } : { error: word("code_revoked") };
  }
  return { error: word("code_unknown", { t: pack ? clock(pack.kept_at) : "—" }) };
}

export async function home(app) {
  const root = make("home");
  const visits = await allVisits();
  const pending = visits.filter((v) => v.state !== "draft" && !DONE.includes(v.state));
  fill(root, {
    unsent: pending.length ? word("unsent", { n: pending.length }) : word("unsent_none"),
    age: pending.length ? `${word("age", { t: clock(pending.at(-1).started_at) })}${app.kept ? "" : `。${word("kept")}`}` : "",
  });
  root.querySelector(".card--send").classList.toggle("card--wait", pending.length > 0);
  root.querySelector('[data-act="send"]').hidden = pending.length === 0;
  slot(root, "list-box").hidden = visits.length === 0;
  for (const visit of visits) slot(root, "list").append(await mine(app, visit));
  const pack = await getPack();
  slot(root, "pack").textContent = pack ? word("pack", { t: clock(pack.kept_at), n: pack.projects.length }) : word("no_pack");
  const list = slot(root, "works");
  const draw = (text) => list.replaceChildren(...works(app, pack, text));
  draw("");
  root.querySelector('[data-act="find"]').addEventListener("input", (e) => draw(e.target.value.trim()));
  root.querySelector('[data-act="send"]').addEventListener("click", () => app.send(true));
  root.querySelector('[data-act="refresh"]').addEventListener("click", () => app.refresh(true));
  root.querySelector('[data-act="save"]').addEventListener("click", save);
  root.querySelector('[data-act="load"]').addEventListener("change", (e) => load(app, e.target));
  root.querySelector('[data-act="code"]').addEventListener("submit", (e) => {
    e.preventDefault();
    app.open(e.target.elements.code.value, pack);
  });
  show(root);
}

function works(app, pack, text) {
  return (pack?.projects ?? [])
    .filter((p) => !text || [p.title, p.code, p.place].some((v) => v.includes(text)))
    .map((p) => [p, metres(app.place.now, p)])
    .sort(([, a], [, b]) => (a ?? Infinity) - (b ?? Infinity))
    .slice(0, 60)
    .map(([project, away]) => {
      const row = fill(make("work"), {
        title: project.title, place: `${project.place}　${project.code}`, progress: word("progress", { p: project.progress_bp / 100 }),
        away: away === null ? "" : word("away", { m: length(away) }),
        open: project.findings.length ? word("open", { n: project.findings.length }) : "",
      });
      row.querySelector("button").addEventListener("click", () => app.begin(project, ""));
      return row;
    });
}

async function mine(app, visit) {
  const photos = await photosOf(visit.client_id);
  const got = photos.filter((p) => p.received).length;
  const row = fill(make("mine"), {
    title: visit.project.title, state: word(`s_${visit.state}`, { a: got, b: photos.length }),
    more: visit.done_at ? word("done_at", { t: clock(visit.done_at) }) : word("saved_at", { t: clock(visit.started_at) }),
    error: visit.error ? word(visit.error, { who: visit.who?.name ?? "" }) : "",
  });
  slot(row, "state").dataset.state = visit.state;
  const button = (key, act) => {
    const made = document.createElement("button");
    made.textContent = word(key);
    made.addEventListener("click", act);
    slot(row, "buttons").append(made);
  };
  if (visit.state === "draft") button("b_edit", () => (location.hash = `#/visit/${visit.client_id}`));
  if (visit.error) button("b_retry", () => app.send(true));
  if (visit.receipt) button("b_see", () => (location.href = `/visits/${visit.receipt.id}`));
  if (visit.state === "draft" || visit.error) button("b_drop", async () => {
    if (!confirm(word("sure_drop"))) return;
    await dropVisit(visit.client_id);
    home(app);
  });
  return row;
}

async function save() {
  const blob = await toFile();
  if (!blob) return say(word("file_none"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = word("file_name", { t: new Date().toISOString().slice(0, 16).replace(/[:T]/g, "-") });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function load(app, input) {
  try {
    say(word("file_ok", { n: await fromFile(input.files[0]) }));
    await home(app);
    app.send();
  } catch {
    say(word("file_bad"));
  }
}
