import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { comments } from '@innkeeper/contract/comments';

/** A JSON Schema, as far as the document needs them. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const scalars: Readonly<Partial<Record<ScalarType, JsonSchema>>> = {
  [ScalarType.BOOL]: { type: 'boolean' },
  [ScalarType.STRING]: { type: 'string' },
  [ScalarType.BYTES]: { type: 'string', contentEncoding: 'base64' },
  // "NaN" and "Infinity" are strings in JSON.
  [ScalarType.DOUBLE]: { type: ['number', 'string'], format: 'double' },
  [ScalarType.FLOAT]: { type: ['number', 'string'], format: 'float' },
  [ScalarType.INT32]: { type: 'integer', format: 'int32' },
  [ScalarType.UINT32]: { type: 'integer', format: 'uint32', minimum: 0 },
  [ScalarType.FIXED32]: { type: 'integer', format: 'uint32', minimum: 0 },
  // Answers have them as strings: a number of JavaScript has 53 bits.
  [ScalarType.INT64]: { type: ['string', 'integer'], format: 'int64' },
  [ScalarType.UINT64]: { type: ['string', 'integer'], format: 'uint64' },
  [ScalarType.FIXED64]: { type: ['string', 'integer'], format: 'uint64' },
};

/** What the schemas say about something, by its full name. */
export function describe(name: string): { readonly description?: string } {
  const description = comments[name];
  return description === undefined ? {} : { description };
}

/** Gathers the schemas of messages and enums as they are referred to. */
export class Schemas {
  readonly all: Record<string, JsonSchema> = {};

  /** A reference to a message, whose schema is in `all` from now on. */
  message(type: DescMessage): JsonSchema {
    if (type.typeName === 'google.protobuf.Timestamp') return { type: 'string', format: 'date-time' };
    if (!(type.typeName in this.all)) {
      // Before its fields, since a message may contain itself.
      this.all[type.typeName] = {};
      const properties = type.fields.map((field) => [field.jsonName, this.#field(type, field)]);
      this.all[type.typeName] = {
        type: 'object',
        ...describe(type.typeName),
        properties: Object.fromEntries(properties) as JsonSchema,
        additionalProperties: false,
      };
    }
    return reference(type.typeName);
  }

  #field(type: DescMessage, field: DescField): JsonSchema {
    const described = describe(`${type.typeName}.${field.name}`);
    const one = this.#value(field);
    if (field.fieldKind === 'list') return { type: 'array', items: one, ...described };
    if (field.fieldKind === 'map') return { type: 'object', additionalProperties: one, ...described };
    return { ...one, ...described, ...(field.oneof === undefined ? {} : { 'x-one-of': field.oneof.name }) };
  }

  #value(field: DescField): JsonSchema {
    if (field.message !== undefined) return this.message(field.message);
    if (field.enum !== undefined) return this.#enum(field.enum);
    return scalars[field.scalar ?? ScalarType.STRING] ?? {};
  }

  #enum(type: DescEnum): JsonSchema {
    this.all[type.typeName] ??= {
      type: 'string',
      enum: type.values.map(({ name }) => name),
      description: [
        comments[type.typeName],
        ...type.values.map(({ name }) => {
          const said = comments[`${type.typeName}.${name}`];
          return said === undefined ? undefined : `${name}: ${said}`;
        }),
      ]
        .filter((text) => text !== undefined)
        .join('\n'),
    };
    return reference(type.typeName);
  }
}

function reference(typeName: string): JsonSchema {
  return { $ref: `#/components/schemas/${typeName}` };
}
