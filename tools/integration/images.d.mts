/** All variables of `docker/local-images.env`, which compose takes. */
export function localVariables(): Record<string, string>;

/** Of them those that name an image: `{ MILLRACE_IMAGE_KAFKA: 'millrace/kafka:4.3.1', … }`. */
export function localImages(): Record<string, string>;

/** The variables to add to the environment: the local name of each image that is there and that the environment does not name. */
export function chosenImages(
  environment: Readonly<Record<string, string | undefined>>,
  isThere?: (image: string) => boolean,
): Record<string, string>;
