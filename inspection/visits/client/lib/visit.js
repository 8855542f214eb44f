// One visit: place, pictures, progress, findings, the contact's signature. Every change is kept at once.
import { fromFile, openCamera, sha256, shoot } from "./camera.js";
import { Pad } from "./pad.js";
import { metres } from "./place.js";
import { dropPhoto, getVisit, photosOf, putPhoto, putVisit } from "./store.js";
import { clock, fill, length, make, say, show, slot, word } from "./ui.js";

export function newVisit(project, token, who) {
  return {
    client_id: crypto.randomUUID(), state: "draft", who, token, started_at: new Date().toISOString(), findings: [], way: "drawn",
    project: { id: project.id, title: project.title, place: project.place, code: project.code, lat: project.lat, lon: project.lon, progress_bp: project.progress_bp, open: project.findings.map((f) => f.content) },
    steps: project.milestones.map((m) => ({ id: m.id, title: m.title, weight: m.weight_bp, before: m.progress_bp / 100, seen: m.progress_bp / 100 })),
  };
}

export async function visitScreen(app, id) {
  const visit = await getVisit(id);
  if (!visit || visit.state !== "draft") return (location.hash = "#/");
  await new Screen(app, visit).draw();
}

class Screen {
  constructor(app, visit) {
    this.app = app;
    this.visit = visit;
  }

  async draw() {
    const { project, token } = this.visit;
    const root = fill(make("visit"), { title: project.title, place: `${project.place}　${project.code}`, code: token ? word("code_ok") : "" });
    this.form = root.querySelector("form");
    if (project.open.length) {
      slot(root, "open").hidden = false;
      slot(root, "open").textContent = word("open_list", { t: project.open.join("；") });
    }
    for (const name of ["note", "contact_name", "contact_reason", "no_fix_reason"]) this.field(name);
    this.steps();
    for (const found of this.visit.findings) this.finding(found);
    this.signing();
    this.on("locate", () => this.app.place.start());
    this.on("camera", () => this.camera());
    this.on("found", () => this.addFinding());
    this.on("later", async () => {
      await this.keep();
      say(word("stored"));
      location.hash = "#/";
    });
    this.form.querySelector('[data-act="pick"]').addEventListener("change", (e) => this.pick(e.target));
    this.form.addEventListener("input", () => (this.slot("errors").hidden = true));
    this.form.addEventListener("submit", (e) => {
      e.preventDefault();
      this.finish();
    });
    show(root);
    this.app.place.changed = () => this.fixed();
    this.app.place.best = null;
    this.app.place.start();
    this.fixed();
    await this.photos();
    window.scrollTo(0, 0);
  }

  slot(name) {
    return slot(this.form, name);
  }

  on(act, work) {
    this.form.querySelector(`[data-act="${act}"]`).addEventListener("click", work);
  }

  field(name) {
    const input = this.form.elements[name];
    input.value = this.visit[name] ?? "";
    input.addEventListener("input", () => this.keep({ [name]: input.value }));
  }

  async keep(changes = {}) {
    Object.assign(this.visit, changes);
    try {
      await putVisit(this.visit);
    } catch (error) {
      say(word(error.name === "QuotaExceededError" ? "full" : "fail", { why: error.name }));
    }
  }

  fixed() {
    const { now, why } = this.app.place;
    const line = this.slot("fix");
    if (!line.isConnected) return;
    const site = this.visit.project.lat === null ? null : this.visit.project;
    const away = metres(now, site);
    const facts = { a: Math.round(now?.accuracy ?? 0), d: length(away), why: word(why) };
    const far = away !== null && away - facts.a > this.app.limit;
    const state = now ? (away === null ? "fix_nosite" : far ? "fix_far" : "fix_ok") : why ? "fix_none" : "fix_wait";
    line.textContent = word(state, facts);
    line.dataset.state = state;
    this.slot("nofix").hidden = Boolean(this.app.place.best) || !why;
  }

  steps() {
    this.visit.steps.forEach((step) => {
      const root = fill(make("step"), { title: step.title, before: word("before", { p: step.before }) });
      const [range, shown] = [root.querySelector("input"), root.querySelector("output")];
      range.setAttribute("aria-label", step.title);
      const set = (value) => {
        step.seen = Math.min(100, Math.max(0, Number(value)));
        range.value = step.seen;
        shown.textContent = `${step.seen}%`;
        this.whole();
      };
      const change = (value) => {
        set(value);
        this.keep();
      };
      range.addEventListener("input", () => change(range.value));
      root.querySelector('[data-act="less"]').addEventListener("click", () => change(step.seen - 5));
      root.querySelector('[data-act="more"]').addEventListener("click", () => change(step.seen + 5));
      this.slot("steps").append(root);
      set(step.seen);
    });
    this.slot("was").textContent = `${this.visit.project.progress_bp / 100}%`;
  }

  whole() {
    const total = this.visit.steps.reduce((sum, s) => sum + s.weight, 0) || 1;
    const done = this.visit.steps.reduce((sum, s) => sum + s.weight * s.seen, 0);
    this.slot("whole").textContent = `${Math.floor(done / total)}%`;
  }

  addFinding() {
    const found = { kind: "quality", content: "", measure: "", due_on: "", serious: false };
    this.visit.findings.push(found);
    this.finding(found).querySelector("textarea").focus();
  }

  finding(found) {
    const root = make("found").firstElementChild;
    for (const input of root.querySelectorAll("[name]")) {
      if (input.type === "checkbox") input.checked = found[input.name];
      else input.value = found[input.name];
      input.addEventListener("input", () => {
        found[input.name] = input.type === "checkbox" ? input.checked : input.value;
        this.keep();
      });
    }
    root.querySelector('[data-act="drop"]').addEventListener("click", () => {
      this.visit.findings.splice(this.visit.findings.indexOf(found), 1);
      root.remove();
      this.keep();
    });
    this.slot("findings").append(root);
    return root;
  }

  signing() {
    this.pad = new Pad(this.slot("pad"));
    this.on("wipe", () => this.pad.wipe());
    const choose = (way) => {
      this.visit.way = way;
      for (const part of this.form.querySelectorAll("[data-way]")) part.hidden = !part.dataset.way.split(" ").includes(way);
    };
    for (const radio of this.form.elements.way) {
      radio.checked = radio.value === this.visit.way;
      radio.addEventListener("change", () => {
        choose(radio.value);
        this.keep();
      });
    }
    choose(this.visit.way);
  }

  async photos() {
    const list = (await photosOf(this.visit.client_id)).filter((p) => p.role === "photo");
    this.count = list.length;
    this.slot("count").textContent = word("count", { n: list.length });
    for (const old of this.slot("photos").querySelectorAll("img")) URL.revokeObjectURL(old.src);
    this.slot("photos").replaceChildren(...list.map((photo, n) => this.photo(photo, n + 1)));
  }

  photo(photo, number) {
    const root = make("photo");
    const facts = { t: clock(photo.taken_at), d: length(metres(photo.fix, this.visit.project)) };
    fill(root, { meta: word(photo.fix ? "photo_fix" : "photo_nofix", facts) });
    const [image, input, label] = [root.querySelector("img"), root.querySelector("input"), root.querySelector("label")];
    image.src = URL.createObjectURL(new Blob([photo.bytes]));
    image.alt = word("alt", { n: number });
    input.id = `caption-${number}`;
    label.htmlFor = input.id;
    input.value = photo.caption ?? "";
    input.addEventListener("change", () => putPhoto(Object.assign(photo, { caption: input.value })));
    root.querySelector('[data-act="drop"]').addEventListener("click", async () => {
      await dropPhoto(photo);
      await this.photos();
    });
    return root;
  }

  async add(bytes, source, taken_at, role = "photo") {
    const hash = await sha256(bytes);
    const known = await photosOf(this.visit.client_id);
    if (known.some((p) => p.sha256 === hash)) return say(word("same"));
    if (role === "photo" && this.count >= this.app.most) return say(word("too_many", { n: this.app.most }));
    const fix = this.app.place.atShutter();
    try {
      await putPhoto({ visit: this.visit.client_id, sha256: hash, bytes, source, role, taken_at, fix, received: false });
    } catch {
      return say(word("full"));
    }
    if (role === "photo") await this.photos();
    return hash;
  }

  async camera() {
    const root = make("camera").firstElementChild;
    const video = root.querySelector("video");
    document.body.append(root);
    let stop = () => {};
    const close = () => {
      stop();
      root.remove();
      removeEventListener("keydown", key);
      this.form.querySelector('[data-act="camera"]').focus();
    };
    const key = (e) => e.key === "Escape" && close();
    addEventListener("keydown", key);
    root.querySelector('[data-act="close"]').addEventListener("click", close);
    try {
      stop = await openCamera(video);
    } catch {
      close();
      return say(word("camera_no"));
    }
    const count = () => (slot(root, "n").textContent = word("back", { n: this.count }));
    count();
    const shutter = root.querySelector('[data-act="shoot"]');
    shutter.addEventListener("click", async () => {
      shutter.disabled = true;
      const taken_at = new Date().toISOString();
      await this.add(await shoot(video), "camera", taken_at);
      count();
      slot(root, "fix").textContent = this.slot("fix").textContent;
      shutter.disabled = false;
    });
    slot(root, "fix").textContent = this.slot("fix").textContent;
    shutter.disabled = false; // only now is there a picture to take
    shutter.focus();
  }

  async pick(input) {
    for (const file of input.files) {
      try {
        await this.add(await fromFile(file), "file", new Date().toISOString());
      } catch {
        say(word("not_picture"));
      }
    }
    input.value = "";
  }

  wrong() {
    const { visit, form } = this;
    const problems = [];
    const need = (bad, key) => bad && problems.push(word(key, { n: this.app.least }));
    need(!this.app.place.best && !form.elements.no_fix_reason.value.trim(), "e_fix");
    need(this.count < this.app.least, "e_photo");
    need(visit.findings.some((f) => f.content.trim().length < 2), "e_found");
    need(!visit.way, "e_way");
    need(["drawn", "typed"].includes(visit.way) && !form.elements.contact_name.value.trim(), "e_name");
    need(visit.way === "drawn" && this.pad.empty, "e_pad");
    need(visit.way === "absent" && !form.elements.contact_reason.value.trim(), "e_absent");
    return problems;
  }

  async finish() {
    const problems = this.wrong();
    const box = this.slot("errors");
    box.hidden = problems.length === 0;
    box.textContent = problems.join("；");
    if (problems.length) {
      if (!this.app.place.best) this.slot("nofix").hidden = false;
      return box.focus();
    }
    if (this.visit.way === "drawn") {
      for (const old of (await photosOf(this.visit.client_id)).filter((p) => p.role === "signature")) await dropPhoto(old);
      await this.add(await this.pad.bytes(), "camera", new Date().toISOString(), "signature");
    }
    const fix = this.app.place.ofVisit();
    // A clock that was set back meanwhile must not make a visit end before it began.
    const finished_at = [new Date().toISOString(), this.visit.started_at].sort().pop();
    await this.keep({ state: "ready", finished_at, offline: !navigator.onLine, fix });
    this.app.place.stop();
    location.hash = "#/";
    if (navigator.onLine) this.app.send(true);
    else say(word("kept_ok"));
  }
}
