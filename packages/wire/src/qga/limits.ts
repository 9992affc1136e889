/**
 * Bytes of a request besides the contents that it carries in base64, which are passed on as they arrive and have no
 * limit here. A command line of guest-exec fits.
 */
export const maxRequestTextBytes = 512 * 1024;
/** Values of a request, names included: each takes tens of bytes in memory. */
export const maxRequestValues = 32_768;
/** As in qemu-ga. */
export const maxNesting = 1024;
