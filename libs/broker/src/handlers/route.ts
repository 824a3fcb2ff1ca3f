import { encodeResponseFrame, type AnyApi, type Api, type Reader, type RequestHeader } from '@millrace/protocol';
import type { BrokerServices, RequestContext } from './services.js';

/** What a handler returns for a request that is not answered (Produce with `acks=0`). */
export const NO_ANSWER: unique symbol = Symbol('no answer');
/** What a handler returns for a request that cannot be answered and failed: the connection is closed instead. */
export const CLOSE_CONNECTION: unique symbol = Symbol('close the connection');

type Silence = typeof NO_ANSWER | typeof CLOSE_CONNECTION;
type Answer<Draft> = Draft | Silence;

/** Serves one API: from the decoded request to the response. */
export type Handler<Req, Draft> = (
  services: BrokerServices,
  request: Req,
  context: RequestContext,
) => Answer<Draft> | Promise<Answer<Draft>>;

/** The chunks of a response's frame, or why there are none. */
export type ServedRequest = readonly Buffer[] | Silence;

/** An API with its handler, for the connection to call without knowing their types. */
export interface Route {
  readonly api: AnyApi;
  serve(
    services: BrokerServices,
    header: RequestHeader,
    body: Reader,
    context: RequestContext,
  ): ServedRequest | Promise<ServedRequest>;
}

/** Ties an API to its handler. */
export function route<Req, Draft extends object>(
  api: Api<Req, unknown, never, Draft>,
  handle: Handler<Req, Draft>,
): Route {
  return {
    api: api,
    serve(services, header, body, context) {
      const encode = (answer: Answer<Draft>): ServedRequest =>
        typeof answer === 'symbol' ? answer : encodeResponseFrame(api, header.apiVersion, header.correlationId, answer);
      const answer = handle(services, api.decodeRequest(body, header.apiVersion), context);
      return answer instanceof Promise ? answer.then(encode) : encode(answer);
    },
  };
}
