import { type DescMessage, type MessageShape, toJson } from '@bufbuild/protobuf';

/** The API's object as JSON, the way protobuf writes it: stable, and what `curl` would show. */
export function printJson<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
  process.stdout.write(`${JSON.stringify(toJson(schema, message), undefined, 2)}\n`);
}

/** Many objects as one array. */
export function printJsonList<Desc extends DescMessage>(schema: Desc, messages: readonly MessageShape<Desc>[]): void {
  process.stdout.write(
    `${JSON.stringify(
      messages.map((message) => toJson(schema, message)),
      undefined,
      2,
    )}\n`,
  );
}
