// A made-up meter and the stream that takes its values: each is sent until it is answered, and counts once.
import { beginAnew, post, put, Refused, remove } from "./api.js";
import { mulberry32, normal } from "./random.js";

const VIEW = "live";
const SETTINGS = { model: "sine-gru", window: 64, levels: [90], flag_rate: 0.02, drift: 0.01 };
const SHOWN = 120; // values that are kept for the chart
const FIRST = 80; // values that are sent at once: of fewer none can be odd at that rate
const [NOISE, SHIFT, ODD] = [0.05, 3, 5];

export class Feed {
  constructor() {
    this.level = 0; // where the hand has put it
    this.points = [];
    this.stream = null;
    this.replay = null; // what came of sending the last values again
  }

  // A new stream, and the first values.
  async begin() {
    await this.end();
    const stream = `page-${Math.random().toString(36).slice(2, 12)}`;
    Object.assign(this, { shift: 0, random: mulberry32(7), next: 0, points: [], waiting: [], foretold: null, flags: 0, replay: null });
    beginAnew(VIEW);
    await put(VIEW, `streams/${stream}`, SETTINGS);
    this.stream = stream;
    await this.send(Array.from({ length: FIRST }, (_, n) => this.made(n)));
  }

  // What the meter shows next.
  made(seq, odd = 0) {
    const value = Math.sin(seq / 4) + this.level + this.shift + odd + NOISE * normal(this.random);
    return Number(value.toFixed(4));
  }

  async step(odd = 0) {
    await this.send([...this.waiting, this.made(this.next + this.waiting.length, odd)]);
  }

  outlier() {
    return this.step(ODD);
  }

  move() {
    this.shift += SHIFT;
    return this.step();
  }

  // The same again, as a client does that got no answer: it is answered from the record.
  async again() {
    const { seq, value } = this.points.at(-1);
    beginAnew(VIEW);
    const answer = await post(VIEW, `streams/${this.stream}/values`, { seq, values: [value] });
    this.replay = { seq, next: answer.next, replayed: answer.replayed };
  }

  async send(values) {
    this.waiting = values; // until they are answered: then they are not on record, or sent again all the same
    beginAnew(VIEW);
    try {
      const { answers } = await post(VIEW, `streams/${this.stream}/values`, { seq: this.next, values });
      answers.forEach((answer, n) => this.take(answer, values[n]));
      this.waiting = [];
    } catch (error) {
      if (error instanceof Refused && error.status === 404) this.stream = null; // somebody deleted it
      throw error;
    }
  }

  take({ seq, arrived, prediction, drift }, value) {
    this.points.push({ seq, value, arrived, foretold: this.foretold });
    this.points = this.points.slice(-SHOWN);
    Object.assign(this, { next: seq + 1, foretold: prediction, drift, flags: this.flags + Number(arrived?.flag ?? 0) });
  }

  async end() {
    if (this.stream !== null) await remove(`streams/${this.stream}`).catch(() => {}); // gone already, or later
    this.stream = null;
  }
}
