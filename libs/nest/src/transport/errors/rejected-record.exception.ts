import { RpcException } from '@nestjs/microservices';

/** Refuses a record for good: it goes to the dead letters at once, without further attempts. */
export class RejectedRecordException extends RpcException {
  /** Lets Nest's exception layer pass the exception on as it is. */
  override getError(): this {
    return this;
  }
}
