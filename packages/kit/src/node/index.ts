/** The part of kit that needs Node; the rest also runs in the guest and in browsers. */
export { openRegularFile, readRegularFile } from './regular-file.ts';
