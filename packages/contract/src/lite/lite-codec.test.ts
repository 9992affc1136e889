import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  create,
  createRegistry,
  type DescField,
  type DescFile,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import * as agent from '@innkeeper/contract/agent';
import * as agentLite from '@innkeeper/contract/agent-lite';
import * as agentMessage from '@innkeeper/contract/agent-message';
import * as agentMessageLite from '@innkeeper/contract/agent-message-lite';
import fc from 'fast-check';
import { type LiteType, liteDecode, liteEncode, liteType, MalformedMessageError, maxNesting } from '../lite.ts';

const registry = createRegistry(
  ...Object.entries(agent).flatMap(([name, value]) => (name.startsWith('file_') ? [value as DescFile] : [])),
  agentMessage.file_compat_agent,
);

const pairs: { readonly schema: DescMessage; readonly lite: LiteType }[] = [];
for (const table of Object.values({ ...agentLite, ...agentMessageLite })) {
  if (!('typeName' in table)) continue;
  const schema = registry.getMessage(table.typeName);
  assert.ok(schema, table.typeName);
  pairs.push({ schema, lite: table as LiteType });
}

const text = fc.string({ unit: 'binary', maxLength: 12 });
const bytes = fc.uint8Array({ maxLength: 200 });

function arbitraryScalar(scalar: ScalarType): fc.Arbitrary<unknown> {
  switch (scalar) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BYTES:
      return bytes;
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.DOUBLE:
      return fc.double();
    case ScalarType.INT32:
      return fc.integer();
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case ScalarType.INT64:
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    default:
      throw new Error(`The lite codec has no ${ScalarType[scalar]}.`);
  }
}

function arbitraryValue(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const one = (): fc.Arbitrary<unknown> => {
    if (field.message) return arbitraryInit(field.message, depth + 1);
    if (field.enum) return fc.integer({ min: 0, max: 9 });
    return arbitraryScalar(field.scalar as ScalarType);
  };
  if (field.fieldKind === 'list') return fc.array(one(), { maxLength: 3 });
  if (field.fieldKind === 'map') return fc.dictionary(text, one(), { maxKeys: 3, noNullPrototype: true });
  return one();
}

function arbitraryInit(schema: DescMessage, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  for (const member of schema.members) {
    if (member.kind === 'oneof') {
      const cases = member.fields.filter((field) => depth < 3 || !field.message);
      const choices = cases.map((field) =>
        fc.record({ case: fc.constant(field.localName), value: arbitraryValue(field, depth) }),
      );
      members[member.localName] = fc.oneof(fc.constant({ case: undefined }), ...choices);
    } else if (depth < 3 || !member.message) {
      members[member.localName] = arbitraryValue(member, depth);
    }
  }
  return fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<Record<string, unknown>>;
}

describe('liteEncode() and liteDecode()', () => {
  for (const { schema, lite } of pairs) {
    it(`${schema.typeName}: the lite codec writes the same bytes as protobuf-es, and each decodes the other’s`, () => {
      fc.assert(
        fc.property(arbitraryInit(schema), (init) => {
          const message = create(schema, init as MessageInitShape<DescMessage>);
          const expected = toBinary(schema, message);
          assert.deepEqual(liteEncode(lite, init as MessageInitShape<DescMessage>), expected);
          assert.deepEqual(liteEncode(lite, message), expected);
          const decoded = liteDecode(lite, expected);
          assert.deepEqual({ ...decoded }, { ...message });
        }),
        { numRuns: 60 },
      );
    });
  }

  it('liteDecode() returns a message or throws MalformedMessageError for arbitrary bytes', () => {
    for (const { schema, lite } of pairs) {
      const encoded = arbitraryInit(schema).map((init) => liteEncode(lite, init as MessageInitShape<DescMessage>));
      const damaged = fc.tuple(encoded, fc.nat(), fc.nat(255), fc.nat()).map(([bytes, at, byte, cut]) => {
        const copy = bytes.slice(0, bytes.length - (cut % 3));
        if (copy.length > 0) copy[at % copy.length] = byte;
        return copy;
      });
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), damaged), (garbage) => {
          let decoded: MessageShape<DescMessage>;
          try {
            decoded = liteDecode(lite, garbage);
          } catch (error) {
            assert.ok(error instanceof MalformedMessageError, String(error));
            return;
          }
          const again = liteEncode(lite, decoded);
          assert.deepEqual({ ...liteDecode(lite, again) }, { ...decoded });
          assert.deepEqual(toBinary(schema, fromBinary(schema, again)), again);
        }),
        { numRuns: 40 },
      );
    }
  });

  it('liteDecode() refuses messages nested deeper than 32', () => {
    const nest: LiteType = liteType('test.Nest', [[1, 'nest', 'message', 'implicit', undefined, () => nest]]);
    const nested = (depth: number): Uint8Array => {
      let message: object = {};
      for (let level = 0; level < depth; level++) message = { nest: message };
      return liteEncode(nest, message as MessageInitShape<DescMessage>);
    };
    assert.ok(liteDecode(nest, nested(maxNesting)));
    assert.throws(() => liteDecode(nest, nested(maxNesting + 1)), MalformedMessageError);
  });

  it('liteDecode() keeps a map key "__proto__" as an ordinary key', () => {
    const encoded = toBinary(
      agent.ProcessSpecSchema,
      create(agent.ProcessSpecSchema, { environment: JSON.parse('{"__proto__":"x"}') }),
    );
    const spec = liteDecode(agentLite.ProcessSpecLite, encoded);
    assert.deepEqual(Object.keys(spec.environment), ['__proto__']);
    assert.equal(Object.getPrototypeOf(spec.environment), Object.prototype);
  });

  it('liteDecode() keeps a byte order mark at the beginning of a string', () => {
    const bom = { path: '\ufeff/a' };
    assert.equal(
      liteDecode(agentLite.StatFileRequestLite, liteEncode(agentLite.StatFileRequestLite, bom)).path,
      bom.path,
    );
  });
});
