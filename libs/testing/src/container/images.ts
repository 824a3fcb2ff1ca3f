/** A service that has a fixture. */
export type Service = 'kafka' | 'connect' | 'registry' | 'postgres' | 'redis' | 's3' | 'toxiproxy';

/**
 * The official image of each service, by its version of this project. `docker/compose.yml` names the same; the images that are
 * built from `docker/images` take the same variables, files and arguments.
 */
export const OFFICIAL_IMAGES: Readonly<Record<Service, string>> = {
  kafka: 'apache/kafka:4.3.1',
  connect: 'quay.io/debezium/connect:3.0.8.Final',
  registry: 'apicurio/apicurio-registry:3.0.9',
  postgres: 'postgres:15-bookworm',
  redis: 'redis:7.0-bookworm',
  s3: 'ghcr.io/versity/versitygw:v1.8.0',
  toxiproxy: 'ghcr.io/shopify/toxiproxy:2.12.0',
};

/** The environment variable that names another image for a service: `MILLRACE_IMAGE_KAFKA`. */
export const imageVariable = (service: Service): string => `MILLRACE_IMAGE_${service.toUpperCase()}`;

/**
 * The image of a service: what the fixture was told, else what its variable names (see {@link imageVariable}), else the
 * official one.
 */
export function imageOf(
  service: Service,
  chosen?: string,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const named = variables[imageVariable(service)];
  return chosen ?? (named !== undefined && named !== '' ? named : OFFICIAL_IMAGES[service]);
}
