import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { reasons } from '@innkeeper/contract';
import { agentServices } from '@innkeeper/contract/agent-services';
import { compatServices } from '@innkeeper/contract/compat-services';
import { controlServices } from '@innkeeper/contract/control-services';
import { rulesOf } from '@innkeeper/contract/rules';
import { httpRoutes, socketRoutes } from '../route-table.ts';
import { version } from '../version.ts';
import { describe, type JsonSchema, Schemas } from './schemas.ts';

/** Of the document: what is called with one HTTP method at one path. */
export interface OpenapiOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly description?: string;
  readonly parameters?: readonly JsonSchema[];
  readonly requestBody?: JsonSchema;
  readonly responses: JsonSchema;
  readonly security?: readonly JsonSchema[];
  /** The privilege that the caller needs; "public" and "self" need none. */
  readonly 'x-innkeeper-privilege': string;
}

/** An OpenAPI 3.1 document. */
export interface OpenapiDocument {
  readonly openapi: '3.1.0';
  readonly info: JsonSchema;
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenapiOperation>>>>;
  readonly components: JsonSchema;
}

const error = { $ref: '#/components/responses/Error' };

/** Describes every method and route of the API, from their schemas and the table of routes. */
export function openapiDocument(): OpenapiDocument {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, OpenapiOperation>> = {};
  const services: DescService[] = [...Object.values(controlServices), ...compatServices, ...agentServices];
  for (const service of services) {
    const prefix = agentServices.includes(service) ? '/v1/vms/{vm}' : '';
    for (const method of service.methods) {
      paths[`${prefix}/${service.typeName}/${method.name}`] = { post: methodOperation(method, prefix, schemas) };
    }
  }
  for (const route of httpRoutes) {
    const at = paths[route.path] ?? {};
    paths[route.path] = at;
    at[route.method.toLowerCase()] ??= routeOperation(route, 'routes', {
      200: { description: 'See docs/protocol/http.md.' },
    });
  }
  for (const route of socketRoutes) {
    const at = paths[route.path] ?? {};
    paths[route.path] = at;
    at['get'] ??= routeOperation(route, 'WebSockets', {
      101: { description: 'A WebSocket; see docs/protocol/http.md.' },
    });
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Innkeeper',
      version,
      description:
        'Methods are called with POST and a JSON body. Streams are read as lines (Accept: application/x-ndjson) or as server-sent events (Accept: text/event-stream). Connect, gRPC and gRPC-Web are served at the same paths.',
    },
    tags: [
      ...services.map(({ name, typeName }) => ({ name, ...describe(typeName) })),
      { name: 'routes' },
      { name: 'WebSockets' },
    ],
    paths,
    components: {
      schemas: { ...schemas.all, Error: errorSchema },
      responses: {
        Error: {
          description: 'An error, with its reason and what to do next.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

const errorSchema: JsonSchema = {
  type: 'object',
  required: ['code', 'reason', 'message', 'nextStep'],
  properties: {
    code: { type: 'string', description: 'Connect’s name of the kind of error.' },
    reason: { type: 'string', description: 'Never changes; for programs.', examples: Object.keys(reasons) },
    message: { type: 'string', description: 'What happened.' },
    nextStep: { type: 'string', description: 'What to do next.' },
  },
};

function methodOperation(method: DescMethod, prefix: string, schemas: Schemas): OpenapiOperation {
  const { privilege } = rulesOf(method);
  const takesLines = method.methodKind === 'bidi_streaming' || method.methodKind === 'client_streaming';
  const input = { schema: schemas.message(method.input) };
  const output = { schema: schemas.message(method.output) };
  const content =
    method.methodKind === 'unary'
      ? { 'application/json': output }
      : { 'application/x-ndjson': output, 'text/event-stream': output };
  return {
    operationId: `${method.parent.name}_${method.name}`,
    tags: [method.parent.name],
    ...describe(`${method.parent.typeName}.${method.name}`),
    ...(prefix === '' ? {} : { parameters: pathParameters(prefix) }),
    requestBody: { required: true, content: { [takesLines ? 'application/x-ndjson' : 'application/json']: input } },
    responses: { 200: { description: method.output.name, content }, default: error },
    ...securityOf(privilege),
    'x-innkeeper-privilege': privilege,
  };
}

function routeOperation(
  { name, path, privilege }: { readonly name: string; readonly path: string; readonly privilege: string },
  tag: string,
  responses: JsonSchema,
): OpenapiOperation {
  const parameters = pathParameters(path);
  return {
    operationId: tag === 'routes' ? name : `${name}Socket`,
    tags: [tag],
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: { ...responses, default: error },
    ...securityOf(privilege),
    'x-innkeeper-privilege': privilege,
  };
}

function pathParameters(path: string): JsonSchema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    ...(name === 'vm' ? { description: 'Id or name.' } : {}),
  }));
}

function securityOf(privilege: string): { readonly security?: readonly JsonSchema[] } {
  return privilege === 'public' ? {} : { security: [{ token: [] }] };
}
