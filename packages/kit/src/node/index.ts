/** What needs Node; everything else of kit also runs in the guest and in browsers. */
export { assertRegularOrMissing, openRegularFile, readRegularFile } from './regular-file.ts';
