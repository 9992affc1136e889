/** Largest frame of the dialect, in both directions, without its length. */
export const maxJsonFrameBytes = 1024 * 1024;
/** Bytes of a frame's JSON for the output of a command, escaped; the rest is for the other fields. */
export const outputBytes = maxJsonFrameBytes - 1024;
/** Of these, at least so many are left for standard error when standard output is long. */
export const reservedErrorBytes = 128 * 1024;
/** Lists and maps nested deeper than this are refused. */
export const maxDepth = 4;
/** Most values in a request: an argument may be three bytes on the wire and much more in memory. */
export const maxValues = 10_000;
