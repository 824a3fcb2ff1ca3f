const MAX_LENGTH = 249;

/** What is wrong with a topic's name by Kafka's rules, or undefined. */
export function topicNameProblem(name: string): string | undefined {
  if (name === '') return 'the topic name is empty';
  if (name === '.' || name === '..') return `the topic name cannot be '${name}'`;
  if (name.length > MAX_LENGTH) return `the topic name is longer than ${MAX_LENGTH} characters`;
  return /^[a-zA-Z0-9._-]+$/.test(name)
    ? undefined
    : 'the topic name has a character that is not an ASCII letter, a digit, a dot, an underscore or a dash';
}

/** Names that differ only in dots and underscores collide in Kafka's metric names, so only one of them may exist. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}
