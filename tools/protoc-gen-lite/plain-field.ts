import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';

const kinds = {
  [ScalarType.UINT32]: 'number',
  [ScalarType.BOOL]: 'boolean',
  [ScalarType.STRING]: 'string',
  [ScalarType.BYTES]: 'bytes',
} as const;
type Kind = (typeof kinds)[keyof typeof kinds];

/** Whether a message has nothing but numbers, flags, strings and bytes, with tags of one byte. */
export function isPlain({ fields }: DescMessage): boolean {
  return fields.every((field) => kindOf(field) !== undefined);
}

function kindOf(field: DescField): Kind | undefined {
  if (field.fieldKind !== 'scalar' || field.oneof !== undefined || field.proto.proto3Optional) return undefined;
  return field.number < 16 ? (kinds as Partial<Record<ScalarType, Kind>>)[field.scalar] : undefined;
}

/** The expressions by which a field of a plain message is read and written; its value is a variable with its name. */
export class PlainField {
  readonly name: string;
  readonly kind: Kind;
  readonly tag: number;

  constructor(field: DescField) {
    const kind = kindOf(field);
    if (kind === undefined) throw new Error(`${field.toString()} is not plain.`);
    this.kind = kind;
    this.name = field.localName;
    this.tag = field.number * 8 + (kind === 'string' || kind === 'bytes' ? 2 : 0);
  }

  get type(): string {
    return this.kind === 'bytes' ? 'Uint8Array' : this.kind;
  }

  /** The value of a field that is not set. */
  get none(): string {
    return { number: '0', boolean: 'false', string: "''", bytes: 'noBytes' }[this.kind];
  }

  get read(): string {
    return (
      { number: 'reader.varint()', boolean: 'reader.varint() !== 0' }[this.kind as string] ?? `reader.${this.kind}()`
    );
  }

  /** The value to write, of an initializer: text as its bytes. */
  get given(): string {
    return this.kind === 'string' ? `textBytes(value.${this.name})` : `value.${this.name} ?? ${this.none}`;
  }

  get size(): string {
    if (this.kind === 'number') return `numberField(${this.name})`;
    return this.kind === 'boolean' ? `(${this.name} ? 2 : 0)` : `bytesField(${this.name}.length)`;
  }

  get put(): string {
    const value = this.kind === 'boolean' ? `${this.name} ? 1 : 0` : this.name;
    const name = this.kind === 'string' || this.kind === 'bytes' ? 'putBytes' : 'putNumber';
    return `${name}(frame, at, ${this.tag}, ${value})`;
  }
}
