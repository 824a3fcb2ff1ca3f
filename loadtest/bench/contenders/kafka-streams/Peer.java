import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.StateRestoreListener;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/** Kafka Streams as a contender: told its work as JSON in its argument, says what happens as lines of JSON. */
public final class Peer {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Serde<String> TEXT = Serdes.String();
  private static final Serde<JsonNode> JSON = Serdes.serdeFrom((topic, value) -> {
    try {
      return value == null ? null : MAPPER.writeValueAsBytes(value);
    } catch (IOException cause) {
      throw new UncheckedIOException(cause);
    }
  }, (topic, bytes) -> {
    try {
      return bytes == null ? null : MAPPER.readTree(bytes);
    } catch (IOException cause) {
      throw new UncheckedIOException(cause);
    }
  });

  private static void enrich(StreamsBuilder builder, String output, int users) {
    Map<String, String> segments = new HashMap<>();
    for (int n = 0; n < users; n++) segments.put("user-" + n, "segment-" + n % 17);
    events(builder)
        .mapValues(event -> (JsonNode) ((ObjectNode) event).put("segment", segments.get(event.get("user").textValue())))
        .to(output, Produced.with(TEXT, JSON));
  }

  private static void aggregate(StreamsBuilder builder, String output, Duration retention) {
    events(builder)
        .groupByKey(Grouped.with(TEXT, JSON))
        .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1)))
        .aggregate(
            () -> (JsonNode) MAPPER.createObjectNode().put("count", 0).put("sum", 0),
            (key, event, total) -> MAPPER.createObjectNode()
                .put("count", total.get("count").intValue() + 1)
                .put("sum", total.get("sum").intValue() + event.get("amount").intValue()),
            Materialized.<String, JsonNode, WindowStore<Bytes, byte[]>>with(TEXT, JSON).withRetention(retention))
        .toStream((windowed, total) -> windowed.key() + "@" + windowed.window().start())
        .to(output, Produced.with(TEXT, JSON));
  }

  private static KTable<String, JsonNode> profiles(StreamsBuilder builder) {
    return builder.table("profiles", Consumed.with(TEXT, JSON),
        Materialized.<String, JsonNode, KeyValueStore<Bytes, byte[]>>as("profiles"));
  }

  private static void join(StreamsBuilder builder, String output) {
    KTable<String, JsonNode> profiles = profiles(builder);
    events(builder)
        .join(profiles, (event, profile) -> (JsonNode) ((ObjectNode) event).set("name", profile.get("name")),
            Joined.with(TEXT, JSON, JSON))
        .to(output, Produced.with(TEXT, JSON));
  }

  /** The rows that are asked for, as they are in the table. */
  private static void restore(StreamsBuilder builder, String output) {
    KTable<String, JsonNode> profiles = profiles(builder);
    events(builder)
        .join(profiles, (asked, profile) -> profile, Joined.with(TEXT, JSON, JSON))
        .to(output, Produced.with(TEXT, JSON));
  }

  private static String input = "events";
  private static final AtomicLong restored = new AtomicLong();

  private static KStream<String, JsonNode> events(StreamsBuilder builder) {
    return builder.stream(input, Consumed.with(TEXT, JSON));
  }

  private static void say(String event, String more) {
    System.out.println("{\"event\":\"" + event + "\"" + more + "}");
  }

  private static StateRestoreListener restoreListener() {
    return new StateRestoreListener() {
      @Override
      public void onRestoreStart(TopicPartition partition, String store, long from, long to) {
        say("restore-start", "");
      }

      @Override
      public void onBatchRestored(TopicPartition partition, String store, long offset, long records) {}

      @Override
      public void onRestoreEnd(TopicPartition partition, String store, long records) {
        restored.addAndGet(records);
      }
    };
  }

  public static void main(String[] arguments) throws Exception {
    JsonNode work = MAPPER.readTree(arguments[0]);
    String output = work.get("output").textValue();
    input = work.get("input").textValue();
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, work.get("applicationId").textValue());
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, work.get("bootstrap").get(0).textValue());
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, work.get("commitIntervalMs").intValue());
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    config.put(StreamsConfig.STATE_DIR_CONFIG, work.get("stateFolder").textValue());
    config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    config.put("auto.offset.reset", "earliest");
    if (work.get("inMemory").booleanValue()) {
      config.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG,
          org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
    }
    StreamsBuilder builder = new StreamsBuilder();
    switch (work.get("workload").textValue()) {
      case "enrich", "latency" -> enrich(builder, output, work.get("users").intValue());
      case "aggregate" -> aggregate(builder, output, Duration.ofMinutes(1));
      case "soak" -> {
        // The changelog goes with its windows, as the disk is not there for it.
        config.put(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG, 0);
        aggregate(builder, output, Duration.ofMillis(work.get("retentionMs").longValue()));
      }
      case "restore" -> restore(builder, output);
      case "join" -> {
        config.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, 10_000);
        join(builder, output);
      }
      default -> throw new IllegalArgumentException("no such workload: " + work.get("workload"));
    }
    KafkaStreams streams = new KafkaStreams(builder.build(), config);
    streams.setGlobalStateRestoreListener(restoreListener());
    streams.setStateListener((now, before) -> {
      if (now == KafkaStreams.State.RUNNING) say("running", ",\"restored\":" + restored);
      if (now == KafkaStreams.State.ERROR) System.exit(1);
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(15))));
    streams.start();
  }
}
