// A pad to sign on with a finger or a pen.
export class Pad {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.empty = true;
    this.wipe();
    canvas.addEventListener("pointerdown", (e) => this.down(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) canvas.addEventListener(end, () => (this.last = null));
  }

  wipe() {
    this.pen.fillStyle = "#fff";
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.empty = true;
    this.last = null;
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * this.canvas.width) / box.width, ((event.clientY - box.top) * this.canvas.height) / box.height];
  }

  down(event) {
    event.preventDefault();
    this.canvas.setPointerCapture?.(event.pointerId);
    this.last = this.point(event);
  }

  move(event) {
    if (!this.last) return;
    event.preventDefault();
    const next = this.point(event);
    Object.assign(this.pen, { lineWidth: 5, lineCap: "round", lineJoin: "round", strokeStyle: "#111" });
    this.pen.beginPath();
    this.pen.moveTo(...this.last);
    this.pen.lineTo(...next);
    this.pen.stroke();
    this.last = next;
    this.empty = false;
  }

  async bytes() {
    const blob = await new Promise((done) => this.canvas.toBlob(done, "image/png"));
    return blob.arrayBuffer();
  }
}
