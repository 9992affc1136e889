import type { DescMessage } from '@bufbuild/protobuf';

/**
 * How a field is encoded: the names of protobuf's scalar types, `message` and `enum`. Group encoding and the zigzag types
 * are left out since none of the schemas uses them.
 */
export type LiteKind =
  | 'double'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'enum'
  | 'message';

/** How often a field occurs, and whether absence is distinguished from the default. */
export type LiteRule = 'implicit' | 'explicit' | 'repeated' | 'map';

/** Kinds as small numbers: QuickJS compares strings letter by letter. */
const liteCodes = {
  uint32: 0,
  bool: 1,
  int32: 2,
  enum: 2,
  uint64: 3,
  int64: 4,
  double: 5,
  string: 6,
  bytes: 7,
  message: 8,
  fixed32: 9,
  fixed64: 10,
} as const satisfies Record<LiteKind, number>;

export type LiteCode = (typeof liteCodes)[LiteKind];

/** Wire types of the kinds that are not varints (0). */
const wireTypes: Partial<Record<LiteKind, 1 | 2 | 5>> = {
  double: 1,
  fixed64: 1,
  string: 2,
  bytes: 2,
  message: 2,
  fixed32: 5,
};

/** A rule's number is its index here. */
const liteRules: readonly LiteRule[] = ['implicit', 'explicit', 'repeated', 'map'];

/** One field. `oneof` is the local name of the oneof it belongs to. */
export interface LiteField {
  readonly number: number;
  readonly name: string;
  readonly kind: LiteKind;
  readonly code: LiteCode;
  /** The wire type of a single value; packed numbers have wire type 2. */
  readonly wireType: 0 | 1 | 2 | 5;
  /** The tag before a single value. */
  readonly tag: number;
  readonly rule: LiteRule;
  /** Written whenever it is set: neither omitted at its default nor repeated. */
  readonly isPlain: boolean;
  readonly oneof?: string | undefined;
  readonly type?: (() => LiteType) | undefined;
  /** A map. Its keys are always strings; `kind` is the kind of its values. */
}

/** A message type: its name and fields. `Desc` is only for TypeScript; the descriptor is not loaded at run time. */
export interface LiteType<Desc extends DescMessage = DescMessage> {
  readonly typeName: string;
  /** In order of field number. */
  readonly fields: readonly LiteField[];
  readonly byNumber: ReadonlyMap<number, LiteField>;
  /** The fields as a flat list for the encoder in C: name, oneof, tag, code | rule << 4, plan of a message. */
  readonly plan: readonly unknown[];
  /** Never set; ties the table to the message's TypeScript type. */
  readonly desc?: Desc;
}

/** A field as the generator writes it: number, local name, kind, rule, oneof, type of a message. */
export type LiteRow = readonly [
  number: number,
  name: string,
  kind: LiteKind,
  rule?: LiteRule | undefined,
  oneof?: string | undefined,
  type?: () => LiteType,
];

/** Completes a field with what its kind implies. Default of `rule`: 'implicit'. */
export function liteField(
  field: Pick<LiteField, 'number' | 'name' | 'kind' | 'oneof' | 'type'> & { readonly rule?: LiteRule | undefined },
): LiteField {
  const { number, name, kind, rule = 'implicit', oneof, type } = field;
  const wireType = wireTypes[kind] ?? 0;
  return {
    number,
    name,
    kind,
    code: liteCodes[kind],
    wireType,
    tag: number * 8 + wireType,
    rule,
    isPlain: rule === 'explicit' && oneof === undefined,
    oneof,
    type,
  };
}

/**
 * Makes a message type from its rows, which are created and expanded at the first use of the type: the agent has 80
 * message types, of which most sessions use ten.
 */
export function liteType<Desc extends DescMessage>(
  typeName: string,
  rows: readonly LiteRow[] | (() => readonly LiteRow[]),
): LiteType<Desc> {
  let fields: LiteField[] | undefined;
  let byNumber: Map<number, LiteField> | undefined;
  let plan: unknown[] | undefined;
  const expand = (): LiteField[] =>
    (typeof rows === 'function' ? rows() : rows).map(([number, name, kind, rule, oneof, type]) =>
      liteField({ number, name, kind, rule, oneof, type }),
    );
  return {
    typeName,
    get fields() {
      fields ??= expand();
      return fields;
    },
    get byNumber() {
      byNumber ??= new Map(this.fields.map((field) => [field.number, field]));
      return byNumber;
    },
    get plan() {
      plan ??= this.fields.flatMap(({ name, oneof, tag, code, rule, type }) => [
        ...[name, oneof, tag, code | (liteRules.indexOf(rule) << 4)],
        type === undefined ? undefined : () => type().plan,
      ]);
      return plan;
    },
  };
}
