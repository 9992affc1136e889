import { clone, type DescField, type DescMessage, type Message, type MessageShape } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { CommandPart } from '../gen/options/v1/options_pb.ts';
import { fieldRulesOf } from './method-rules.ts';

/** The command that a request would start in a guest. */
export interface RequestedCommand {
  /** Program and arguments, as passed to the guest. */
  readonly argv: readonly string[];
  /** It is interpreted by a shell or another interpreter: a script, or a command line for a shell to split. */
  readonly isShell: boolean;
  /** The environment: PATH, LD_PRELOAD and the like can turn one command into another. */
  readonly hasEnvironment: boolean;
}

/** Returns the command that a request starts, found by the options of its fields; undefined when it starts none. */
export function requestedCommand(schema: DescMessage, request: Message): RequestedCommand | undefined {
  const message = messageWithCommand(reflect(schema, request));
  if (message === undefined) return undefined;
  const textsOf = (wanted: CommandPart): string[] =>
    message.fields.filter((field) => partOf(field) === wanted).flatMap((field) => texts(message, field));
  const argv = textsOf(CommandPart.ARGV);
  const [program] = textsOf(CommandPart.PROGRAM_OR_LINE);
  const isLine = program !== undefined && argv.length === 0;
  return {
    argv: program === undefined ? argv : [program, ...argv],
    isShell: isLine || textsOf(CommandPart.SHELL).length > 0 || (argv.length === 0 && program === undefined),
    hasEnvironment: message.fields.some((field) => partOf(field) === CommandPart.ENVIRONMENT && message.isSet(field)),
  };
}

/**
 * Rewrites every id in a request that names something outliving its call, such as a process.
 * @returns the request itself when there is nothing to rewrite, otherwise a copy.
 */
export function mapOwnedIds<Desc extends DescMessage>(
  schema: Desc,
  request: MessageShape<Desc>,
  map: (id: string) => string,
): MessageShape<Desc> {
  const copy = clone(schema, request);
  return rewrite(reflect(schema, copy), map) ? copy : request;
}

function rewrite(message: ReflectMessage, map: (id: string) => string): boolean {
  let changed = false;
  for (const field of message.fields) {
    if (field.fieldKind === 'message' && message.isSet(field)) {
      if (rewrite(message.get(field) as ReflectMessage, map)) changed = true;
    } else if (field.fieldKind === 'scalar' && fieldRulesOf(field).ownedId) {
      const holder = field.oneof === undefined ? true : message.isSet(field);
      if (!holder) continue;
      message.set(field, map(String(message.get(field))));
      changed = true;
    }
  }
  return changed;
}

function messageWithCommand(message: ReflectMessage): ReflectMessage | undefined {
  if (message.fields.some((field) => partOf(field) !== CommandPart.UNSPECIFIED)) return message;
  for (const field of message.fields) {
    if (field.fieldKind !== 'message' || !message.isSet(field)) continue;
    const found = messageWithCommand(message.get(field) as ReflectMessage);
    if (found !== undefined) return found;
  }
  return undefined;
}

function partOf(field: DescField): CommandPart {
  return fieldRulesOf(field).command;
}

function texts(message: ReflectMessage, field: DescField): string[] {
  if (!message.isSet(field)) return [];
  const value: unknown = message.get(field);
  return field.fieldKind === 'list' ? [...(value as Iterable<unknown>)].map(String) : [String(value)];
}
