// Sending: the record first, then each picture, each with its own receipt. One bad visit never holds up the others.
import { getPack, getVisit, photosOf, putPack, putPhoto, putVisit, unsent, DONE } from "./store.js";

export class Offline extends Error {}
export class SignedOut extends Error {}
export class Refused extends Error {}

async function call(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new Offline();
  }
  if (answer.status === 401) throw new SignedOut();
  if (answer.status >= 500) throw new Offline();
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(body.detail || `${answer.status}`);
  return body;
}

export async function refreshPack() {
  const pack = await call("/api/v1/field/pack");
  await putPack(pack);
  return pack;
}

// Answers "" when all went, else why the rest did not: "broken" or "signin".
export async function sendAll(progress) {
  const pack = await getPack();
  for (const visit of await unsent()) {
    if (pack && visit.who && visit.who.key !== pack.who.key) {
      await putVisit({ ...visit, error: "other_person" });
      continue;
    }
    try {
      await sendOne(visit, progress);
    } catch (error) {
      if (error instanceof SignedOut) return "signin";
      if (!(error instanceof Refused)) return "broken";
      await putVisit({ ...(await getVisit(visit.client_id)), error: error.message });
    }
  }
  return "";
}

async function sendOne(visit, progress) {
  const photos = await photosOf(visit.client_id);
  const json = { method: "POST", headers: { "Content-Type": "application/json" } };
  let receipt = await call("/api/v1/visits", { ...json, body: JSON.stringify(report(visit, photos)) });
  await note(visit, receipt, progress);
  for (const sha256 of receipt.missing) {
    const photo = photos.find((p) => p.sha256 === sha256);
    if (!photo) continue;
    receipt = await call(`/api/v1/visits/${visit.client_id}/photos/${sha256}`, {
      method: "PUT", headers: { "Content-Type": "application/octet-stream" }, body: photo.bytes,
    });
    await note(visit, receipt, progress);
  }
}

async function note(visit, receipt, progress) {
  for (const photo of await photosOf(visit.client_id)) {
    if (receipt.received.includes(photo.sha256) && !photo.received) await putPhoto({ ...photo, received: true });
  }
  const done = DONE.includes(receipt.state) ? { done_at: new Date().toISOString() } : {};
  await putVisit({ ...(await getVisit(visit.client_id)), state: receipt.state, receipt, error: "", ...done });
  progress();
}

function report(visit, photos) {
  return {
    client_id: visit.client_id, project: visit.project.id, inspector: visit.who?.key ?? null, token: visit.token || "", started_at: visit.started_at,
    finished_at: visit.finished_at, sent_at: new Date().toISOString(), offline: visit.offline, fix: visit.fix,
    no_fix_reason: visit.no_fix_reason || "", note: visit.note || "",
    contact: { way: visit.way, name: visit.contact_name || "", reason: visit.contact_reason || "" },
    progress: visit.steps.map((s) => ({ milestone: s.id, seen_bp: Math.round(s.seen * 100) })),
    findings: visit.findings.map((f) => ({ ...f, due_on: f.due_on || null })),
    photos: photos.map((p) => ({
      sha256: p.sha256, size: p.bytes.byteLength, taken_at: p.taken_at, role: p.role, source: p.source, fix: p.fix,
      caption: p.caption || "",
    })),
  };
}
