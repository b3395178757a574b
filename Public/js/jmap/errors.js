/** What can go wrong between the pages and the server. Views tell them apart by class, and by `type`. */

/** The server refused one method call, RFC 8620 §3.6.2. */
export class MethodError extends Error {
  /** @param {string} method @param {{ type: string, description?: string }} details */
  constructor(method, details) {
    super(`${method}: ${details.type}${details.description ? ` (${details.description})` : ''}`);
    this.name = 'MethodError';
    this.type = details.type;
    this.details = details;
  }
}

/** The server refused some objects of a /set call, RFC 8620 §5.3; `failures` maps ids to set errors. */
export class SetError extends Error {
  /** @param {string} method @param {Record<string, { type: string, description?: string }>} failures */
  constructor(method, failures) {
    const first = Object.values(failures)[0];
    super(`${method}: ${first?.type ?? 'unknown'}${first?.description ? ` (${first.description})` : ''}`);
    this.name = 'SetError';
    this.type = first?.type ?? 'serverFail';
    this.description = first?.description;
    this.failures = failures;
  }
}

/** The whole request was refused: a problem of HTTP or of RFC 8620 §3.6.1. */
export class RequestError extends Error {
  /** @param {number} status @param {{ type?: string, title?: string, detail?: string }} problem */
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.name = 'RequestError';
    this.status = status;
    this.type = problem.type ?? 'about:blank';
  }
}

/** The server could not be reached, and the request must not be repeated blindly. */
export class OfflineError extends Error {
  constructor() {
    super('offline');
    this.name = 'OfflineError';
    this.type = 'offline';
  }
}
