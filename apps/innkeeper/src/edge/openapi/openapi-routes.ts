import type { HttpEdgeContext } from '../http-route.ts';
import { openapiDocument } from './openapi-document.ts';
import { openapiPage, openapiPagePolicy } from './openapi-page.ts';

/** Made at the first request, and the same for everybody. */
let made: { readonly json: string; readonly page: string } | undefined;

function documents(): { readonly json: string; readonly page: string } {
  if (made === undefined) {
    const document = openapiDocument();
    made = { json: JSON.stringify(document), page: openapiPage(document) };
  }
  return made;
}

type OpenapiRouteContext = Pick<HttpEdgeContext, 'response'>;

/** GET /openapi.json for programs, and GET /openapi for people. */
export const openapiHandlers: Readonly<
  Record<'openapi' | 'openapiPage', (context: OpenapiRouteContext) => Promise<void>>
> = {
  openapi: async ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(documents().json);
  },
  openapiPage: async ({ response }) => {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': openapiPagePolicy,
    });
    response.end(documents().page);
  },
};
