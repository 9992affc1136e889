import type { TimestampSchema } from '@bufbuild/protobuf/wkt';
import { liteType } from './lite-type.ts';

/** google.protobuf.Timestamp. */
export const TimestampLite = liteType<typeof TimestampSchema>('google.protobuf.Timestamp', [
  [1, 'seconds', 'int64'],
  [2, 'nanos', 'int32'],
]);
