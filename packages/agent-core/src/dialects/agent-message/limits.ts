/** An upload whose next chunk does not come for so long is given up. */
export const uploadIdleMs = 60_000;
/** Uploads, and rows of pieces in place, that a session remembers. */
export const maxSeries = 64;
export const telemetryIntervalMs = 5_000;
