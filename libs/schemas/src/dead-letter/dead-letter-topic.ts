/** The topic that takes the records of `topicName` that cannot be processed: `<topic>-dlt`. */
export function deadLetterTopic(topicName: string): string {
  return `${topicName}-dlt`;
}
