/** Largest request line and headers together. */
export const maxHeadBytes = 8 * 1024;
/** Most headers of a request. */
export const maxHeaders = 64;
/** Largest body of a request. */
export const maxBodyBytes = 16 * 1024;
