import type { StreamParser } from '@codemirror/language';

type Load = () => Promise<StreamParser<unknown>>;

const shell: Load = async () => (await import('@codemirror/legacy-modes/mode/shell')).shell;
const yaml: Load = async () => (await import('@codemirror/legacy-modes/mode/yaml')).yaml;
const properties: Load = async () => (await import('@codemirror/legacy-modes/mode/properties')).properties;
const python: Load = async () => (await import('@codemirror/legacy-modes/mode/python')).python;
const script: Load = async () => (await import('@codemirror/legacy-modes/mode/javascript')).javascript;
const json: Load = async () => (await import('@codemirror/legacy-modes/mode/javascript')).json;
const toml: Load = async () => (await import('@codemirror/legacy-modes/mode/toml')).toml;
const nginx: Load = async () => (await import('@codemirror/legacy-modes/mode/nginx')).nginx;
const dockerfile: Load = async () => (await import('@codemirror/legacy-modes/mode/dockerfile')).dockerFile;
const xml: Load = async () => (await import('@codemirror/legacy-modes/mode/xml')).xml;

const byEnding = new Map<string, Load>([
  ...(['sh', 'bash', 'profile', 'bashrc'] as const).map((ending) => [ending, shell] as const),
  ...(['yaml', 'yml'] as const).map((ending) => [ending, yaml] as const),
  ...(['ini', 'conf', 'cfg', 'properties', 'service', 'socket', 'timer', 'env', 'network'] as const).map(
    (ending) => [ending, properties] as const,
  ),
  ...(['js', 'mjs', 'cjs', 'ts'] as const).map((ending) => [ending, script] as const),
  ...(['xml', 'html', 'svg'] as const).map((ending) => [ending, xml] as const),
  ['py', python],
  ['json', json],
  ['toml', toml],
]);

/** Returns the loader of a file's highlighter, by its name and first line; undefined: plain text. */
export function languageOf(name: string, firstLine: string): Load | undefined {
  if (name === 'Dockerfile') return dockerfile;
  if (name === 'nginx.conf') return nginx;
  if (/^#!.*\b(ba|da|a)?sh\b/.test(firstLine)) return shell;
  if (/^#!.*\bpython/.test(firstLine)) return python;
  if (/^#!.*\bnode\b/.test(firstLine)) return script;
  return byEnding.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase());
}
