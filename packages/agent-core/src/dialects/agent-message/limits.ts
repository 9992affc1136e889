/** Milliseconds after which an upload without a next chunk is cancelled. */
export const uploadIdleMs = 60_000;
/** Maximum number of uploads and in-place writes that a session tracks. */
export const maxSeries = 64;
/** Milliseconds between two reports, unless the guest's settings say otherwise. */
export const telemetryIntervalMs = 5_000;
