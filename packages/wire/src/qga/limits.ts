/**
 * Bytes of a request besides the contents that it carries in base64, which are passed on as they arrive and have no
 * limit here. A command line of guest-exec fits.
 */
export const maxRequestTextBytes = 512 * 1024;
/** Values of a request, names included: each takes tens of bytes in memory. */
export const maxRequestValues = 32_768;
/** As in qemu-ga. */
export const maxNesting = 1024;
/** Largest guest-file-read, as in qemu-ga. */
export const maxReadBytes = 48 * 1024 * 1024;
/** Of each stream of a guest-exec, as in qemu-ga; the rest is read and dropped. */
export const maxExecOutputBytes = 16 * 1024 * 1024;
