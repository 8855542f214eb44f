// Where we are: the newest fix while a visit is open, the best of them for the record, distance on the ground.
const EARTH = 6_371_008.8;
const FRESH_MS = 30_000;

export class Place {
  constructor(changed) {
    this.changed = changed;
    this.now = null;
    this.best = null;
    this.why = "";
    this.watch = null;
  }

  start() {
    this.stop();
    if (!navigator.geolocation) return this.fail("fix_off");
    this.watch = navigator.geolocation.watchPosition((p) => this.take(p), (e) => this.fail(["", "fix_denied", "fix_off", "fix_slow"][e.code]), {
      enableHighAccuracy: true, maximumAge: 0, timeout: 20_000,
    });
  }

  stop() {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    this.watch = null;
  }

  take(position) {
    const { latitude, longitude, accuracy } = position.coords;
    this.now = { lat: latitude, lon: longitude, accuracy, at: new Date(position.timestamp).toISOString(), source: "gps", got: Date.now() };
    if (!this.best || accuracy <= this.best.accuracy) this.best = this.now;
    this.why = "";
    this.changed();
  }

  fail(why) {
    this.why = why;
    this.changed();
  }

  // The fix at the shutter: only one that is fresh says where the picture was taken.
  atShutter() {
    return this.now && Date.now() - this.now.got < FRESH_MS ? plain(this.now) : null;
  }

  ofVisit() {
    return this.best && plain(this.best);
  }
}

const plain = ({ got, ...fix }) => fix;

export function metres(a, b) {
  if (!a || !b || b.lat === null) return null;
  const rad = (d) => (d * Math.PI) / 180;
  const h = Math.sin(rad(b.lat - a.lat) / 2) ** 2 + Math.cos(rad(a.lat)) * Math.cos(rad(b.lat)) * Math.sin(rad(b.lon - a.lon) / 2) ** 2;
  return Math.round(2 * EARTH * Math.asin(Math.min(1, Math.sqrt(h))));
}
