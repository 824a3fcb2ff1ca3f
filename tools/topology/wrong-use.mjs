/** The command was called in a way that has no answer: exit code 3. */
export class WrongUse extends Error {}
