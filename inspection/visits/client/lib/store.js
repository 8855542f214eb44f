// What the phone keeps: the day's pack, visits, pictures. A picture leaves only after its receipt and some days.
import { openDB } from "idb";

const KEEP_DAYS = 7;
export const DONE = ["counted", "held", "set_aside"];

const db = openDB("field", 1, {
  upgrade(made) {
    made.createObjectStore("pack");
    made.createObjectStore("visits", { keyPath: "client_id" });
    made.createObjectStore("photos", { keyPath: "key" }).createIndex("visit", "visit");
  },
});

export const getPack = async () => (await db).get("pack", "pack");
export const putPack = async (pack) => (await db).put("pack", { ...pack, kept_at: new Date().toISOString() }, "pack");
export const getVisit = async (id) => (await db).get("visits", id);
export const putVisit = async (visit) => (await db).put("visits", visit);
export const allVisits = async () =>
  (await (await db).getAll("visits")).sort((a, b) => b.started_at.localeCompare(a.started_at));
export const photosOf = async (visit) =>
  (await (await db).getAllFromIndex("photos", "visit", visit)).sort((a, b) => a.taken_at.localeCompare(b.taken_at));
export const putPhoto = async (photo) => (await db).put("photos", { ...photo, key: `${photo.visit}/${photo.sha256}` });
export const dropPhoto = async (photo) => (await db).delete("photos", `${photo.visit}/${photo.sha256}`);

export async function dropVisit(id) {
  for (const photo of await photosOf(id)) await dropPhoto(photo);
  await (await db).delete("visits", id);
}

export async function unsent() {
  return (await allVisits()).filter((v) => v.state !== "draft" && !DONE.includes(v.state));
}

export async function clean() {
  const limit = new Date(Date.now() - KEEP_DAYS * 86_400_000).toISOString();
  for (const visit of await allVisits()) {
    if (DONE.includes(visit.state) && visit.done_at < limit) await dropVisit(visit.client_id);
  }
}

// Ask the browser not to throw the store away; it may refuse, then the page says so.
export async function keepForGood() {
  try {
    return (await navigator.storage?.persisted?.()) || (await navigator.storage?.persist?.()) || false;
  } catch {
    return false;
  }
}

const FORMAT = "quzhou-field-1";

export async function toFile() {
  const visits = await unsent();
  const photos = [];
  for (const visit of visits) {
    for (const { bytes, ...rest } of await photosOf(visit.client_id)) photos.push({ ...rest, bytes: await base64(bytes) });
  }
  return visits.length ? new Blob([JSON.stringify({ format: FORMAT, visits, photos })], { type: "application/json" }) : null;
}

export async function fromFile(file) {
  const read = JSON.parse(await file.text());
  if (read.format !== FORMAT || !Array.isArray(read.visits) || !Array.isArray(read.photos)) throw new Error("format");
  let count = 0;
  for (const visit of read.visits) {
    if (await getVisit(visit.client_id)) continue;
    for (const photo of read.photos.filter((p) => p.visit === visit.client_id)) {
      await putPhoto({ ...photo, bytes: decode(photo.bytes) });
    }
    await putVisit({ ...visit, error: "" });
    count += 1;
  }
  return count;
}

function base64(bytes) {
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(new Blob([bytes]));
  });
}

function decode(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
}
