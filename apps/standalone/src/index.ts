export { EXIT_CODES, EXIT_CODE_MEANINGS, type ExitCode } from './cli/exit-codes.js';
