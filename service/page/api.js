// Asks the service, with a key where it demands one; remembers what each view asked, to be copied as curl.
import { askForKey } from "./key.js";

let key = null; // in memory only, gone with the page
let asking = null;
let declined = false; // then it is not asked for again until the user says so
const asked = new Map();

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.error ?? String(status));
    this.status = status;
    this.code = problem.code;
  }
}

export const hasKey = () => key !== null;

// Lets the user set, change or forget the key.
export async function changeKey() {
  const given = await askForKey(key !== null);
  declined = false;
  if (given !== null) key = given || null;
}

export async function get(view, path) {
  return (await send(view, "GET", path)).json();
}

export async function post(view, path, body) {
  return (await send(view, "POST", path, JSON.stringify(body))).json();
}

export async function put(view, path, body) {
  return (await send(view, "PUT", path, JSON.stringify(body))).json();
}

// Asked even where the page is about to go.
export const remove = (path) => send(null, "DELETE", path, undefined, true);

// The address of a picture that needs the key like everything else.
export async function picture(path) {
  return URL.createObjectURL(await (await send(null, "GET", path)).blob());
}

// What `view` asked since it last began anew.
export const requestsOf = (view) => asked.get(view) ?? [];

export function beginAnew(view) {
  asked.set(view, []);
}

async function send(view, method, path, body, keepalive = false) {
  if (view !== null) asked.set(view, [...requestsOf(view), { method, path, body }]);
  for (;;) {
    const used = key;
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    if (key !== null) headers.Authorization = `Bearer ${key}`;
    const response = await fetch(path, { method, headers, body, keepalive });
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    if (response.status !== 401 || !(await another(used))) throw new Refused(response.status, problem);
  }
}

// Whether there is another key to try than `used`; requests that are refused together ask the user once.
async function another(used) {
  if (key !== used) return key !== null;
  if (declined) return false;
  asking ??= askForKey(used !== null).finally(() => {
    asking = null;
  });
  const given = await asking;
  if (given) key = given;
  declined = !given;
  return !declined;
}
