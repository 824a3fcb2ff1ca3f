/** `{ MILLRACE_IMAGE_KAFKA: 'millrace/kafka:4.3.1', … }` of `docker/local-images.env`. */
export function localImages(): Record<string, string>;

/** The variables to add to the environment: the local name of each image that is there and that the environment does not name. */
export function chosenImages(
  environment: Readonly<Record<string, string | undefined>>,
  isThere?: (image: string) => boolean,
): Record<string, string>;
