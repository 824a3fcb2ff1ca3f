/** Why a reader's schema does not take all that a writer's schema allows. */
export interface ReaderProblem {
  readonly pointer: string;
  readonly problem: string;
}
