// Pictures: taken by our own camera view, or chosen from the phone where that is all there is. Hashed at once.
const LONGEST = 1920;
const KEEP_ORIGINAL = 4 * 1024 * 1024;
const LARGEST = 20 * 1024 * 1024;

export async function sha256(bytes) {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}

export async function openCamera(video) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false, video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1440 } },
  });
  video.srcObject = stream;
  await video.play();
  return () => stream.getTracks().forEach((track) => track.stop());
}

export async function shoot(video) {
  return encode(video, video.videoWidth, video.videoHeight);
}

// A chosen file stays as it is, with what the camera wrote into it, unless it is too large to send from a field.
export async function fromFile(file) {
  const bytes = await file.arrayBuffer();
  const head = new Uint8Array(bytes.slice(0, 4));
  const jpeg = head[0] === 0xff && head[1] === 0xd8;
  const png = head[0] === 0x89 && head[1] === 0x50;
  if (!(jpeg || png) || file.size > LARGEST) throw new Error("not_picture");
  if (file.size <= KEEP_ORIGINAL) return bytes;
  const image = await createImageBitmap(file);
  return encode(image, image.width, image.height);
}

async function encode(source, width, height) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
  return blob.arrayBuffer();
}
