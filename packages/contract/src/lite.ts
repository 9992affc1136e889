/**
 * Protobuf for the agent, where every kilobyte and millisecond counts. Messages have the same shape as in protobuf-es, so
 * code is written against its types, but only tables and 400 lines of codec are loaded.
 * docs/adr/0002-lite-codec.md says why.
 */
export { FieldReader } from './lite/field-reader.ts';
export { liteDecode, MalformedMessageError, maxNesting } from './lite/lite-decode.ts';
export { encodeBy, liteEncode, type PlannedEncoder } from './lite/lite-encode.ts';
export type { LiteMethod } from './lite/lite-method.ts';
export {
  type LiteField,
  type LiteKind,
  type LiteRow,
  type LiteRule,
  type LiteType,
  liteType,
} from './lite/lite-type.ts';
export { LiteWriter } from './lite/lite-writer.ts';
export { putVarint, varintBytes } from './lite/put-fields.ts';
export { TimestampLite } from './lite/timestamp-lite.ts';
