/** Where `docker/images/kafka` has the agent that serves a node's JMX metrics to Prometheus. The official image has none. */
export const METRICS_AGENT = '/opt/jmx-exporter/jmx_prometheus_javaagent.jar';

/** The agent's port in the container. */
export const METRICS_PORT = 9404;

/** Makes a node serve its metrics, as `KAFKA_OPTS`; the same stands in `docker/local-images.env`. */
export const METRICS_OPTIONS = `-javaagent:${METRICS_AGENT}=${METRICS_PORT}:/opt/jmx-exporter/kafka.yml`;
