import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ConsumerProtocolAssignment;
import org.apache.kafka.common.message.ConsumerProtocolSubscription;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.ArrayOf;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.CompactArrayOf;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.Utils;

/**
 * Writes the golden bytes that the specs compare with: what kafka-clients itself makes of every API in every version that
 * this library declares, record batches of every codec, control batches, the consumer protocol, murmur2 and the error table.
 *
 * Message bodies are invented from Kafka's own schemas with a fixed seed, read by Kafka's generated classes and written again
 * by them; their JSON form goes along, so that a decoder is checked by value, field by field, not only by symmetry.
 */
public final class GoldenBytes {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final Object[][] APIS = {
        {ApiMessageType.PRODUCE, 3, 12}, {ApiMessageType.FETCH, 4, 17}, {ApiMessageType.LIST_OFFSETS, 1, 10},
        {ApiMessageType.METADATA, 0, 13}, {ApiMessageType.OFFSET_COMMIT, 2, 9}, {ApiMessageType.OFFSET_FETCH, 1, 9},
        {ApiMessageType.FIND_COORDINATOR, 0, 6}, {ApiMessageType.JOIN_GROUP, 0, 9}, {ApiMessageType.HEARTBEAT, 0, 4},
        {ApiMessageType.LEAVE_GROUP, 0, 5}, {ApiMessageType.SYNC_GROUP, 0, 5}, {ApiMessageType.DESCRIBE_GROUPS, 0, 5},
        {ApiMessageType.LIST_GROUPS, 0, 5}, {ApiMessageType.SASL_HANDSHAKE, 0, 1}, {ApiMessageType.API_VERSIONS, 0, 4},
        {ApiMessageType.CREATE_TOPICS, 2, 7}, {ApiMessageType.DELETE_TOPICS, 1, 6}, {ApiMessageType.INIT_PRODUCER_ID, 0, 5},
        {ApiMessageType.ADD_PARTITIONS_TO_TXN, 0, 3}, {ApiMessageType.ADD_OFFSETS_TO_TXN, 0, 4},
        {ApiMessageType.END_TXN, 0, 5}, {ApiMessageType.TXN_OFFSET_COMMIT, 0, 5},
        {ApiMessageType.DESCRIBE_CONFIGS, 1, 4}, {ApiMessageType.SASL_AUTHENTICATE, 0, 2},
        {ApiMessageType.DELETE_RECORDS, 0, 2}, {ApiMessageType.STREAMS_GROUP_HEARTBEAT, 0, 0},
        {ApiMessageType.STREAMS_GROUP_DESCRIBE, 0, 0},
    };

    /** Values for one message; sparse ones are null, empty or default wherever they may be. */
    private static final class Values {
        private final Random random;
        private final boolean sparse;

        Values(long seed, boolean sparse) {
            this.random = new Random(seed);
            this.sparse = sparse;
        }

        Struct struct(Schema schema) {
            Struct struct = new Struct(schema);
            for (BoundField field : schema.fields()) struct.set(field, value(field.def.type));
            return struct;
        }

        private Object value(Type type) {
            if (type instanceof Schema) return struct((Schema) type);
            if (type instanceof TaggedFields) return tagged((TaggedFields) type);
            if (type instanceof ArrayOf || type instanceof CompactArrayOf) {
                if (sparse && type.isNullable()) return null;
                Type element = type.arrayElementType().get();
                Object[] elements = new Object[sparse ? 1 : 2];
                for (int i = 0; i < elements.length; i++) elements[i] = value(element);
                return elements;
            }
            if (sparse && type.isNullable()) return null;
            switch (type.toString()) {
                case "BOOLEAN": return !sparse;
                case "INT8": return (byte) (random.nextInt(256) - 128);
                case "INT16": return (short) (random.nextInt(65536) - 32768);
                case "UINT16": return random.nextInt(65536);
                case "INT32": return random.nextInt();
                case "INT64": return sparse ? -1L : (random.nextLong() >> (random.nextInt(40) + 11));
                case "UUID": return new Uuid(random.nextLong(), random.nextLong());
                case "STRING": case "COMPACT_STRING": case "NULLABLE_STRING": case "COMPACT_NULLABLE_STRING": return text();
                case "BYTES": case "COMPACT_BYTES": case "NULLABLE_BYTES": case "COMPACT_NULLABLE_BYTES":
                    return ByteBuffer.wrap(bytes());
                case "RECORDS": case "COMPACT_RECORDS": case "NULLABLE_RECORDS": case "COMPACT_NULLABLE_RECORDS":
                    return memoryRecords();
                default: throw new IllegalStateException("no values for " + type);
            }
        }

        private java.util.NavigableMap<Integer, Object> tagged(TaggedFields type) {
            java.util.NavigableMap<Integer, Object> values = new java.util.TreeMap<>();
            if (sparse) return values;
            for (java.util.Map.Entry<Integer, Field> each : type.fields().entrySet()) {
                values.put(each.getKey(), value(each.getValue().type));
            }
            return values;
        }

        private String text() {
            if (sparse) return "";
            String[] words = {"orders", "façade", "日本", "a-very-long-name-".repeat(8), "x", "😀", "consumer-1"};
            return words[random.nextInt(words.length)] + random.nextInt(1000);
        }

        private byte[] bytes() {
            byte[] bytes = new byte[sparse ? 0 : random.nextInt(40)];
            random.nextBytes(bytes);
            return bytes;
        }

        private MemoryRecords memoryRecords() {
            ByteBuffer buffer = ByteBuffer.allocate(512);
            MemoryRecordsBuilder builder = MemoryRecords.builder(
                buffer, RecordBatch.MAGIC_VALUE_V2, Compression.NONE, TimestampType.CREATE_TIME, 0);
            builder.append(1_700_000_000_000L, bytes(), bytes());
            return builder.build();
        }
    }

    private static String hex(ByteBuffer buffer) {
        StringBuilder text = new StringBuilder();
        ByteBuffer view = buffer.duplicate();
        while (view.hasRemaining()) text.append(String.format("%02x", view.get()));
        return text.toString();
    }

    private static String hex(byte[] bytes) {
        return bytes == null ? null : hex(ByteBuffer.wrap(bytes));
    }

    private static ByteBuffer join(Message header, short headerVersion, Message body, short version) {
        ByteBuffer first = MessageUtil.toByteBufferAccessor(header, headerVersion).buffer();
        ByteBuffer second = MessageUtil.toByteBufferAccessor(body, version).buffer();
        ByteBuffer both = ByteBuffer.allocate(first.remaining() + second.remaining());
        both.put(first).put(second).flip();
        return both;
    }

    private static JsonNode json(Message message, short version) throws Exception {
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        return (JsonNode) converter.getMethod("write", message.getClass(), short.class, boolean.class)
            .invoke(null, message, version, true);
    }

    private static void fill(Message message, Schema schema, short version, long seed, boolean sparse) {
        Struct struct = new Values(seed, sparse).struct(schema);
        ByteBuffer bytes = ByteBuffer.allocate(schema.sizeOf(struct));
        schema.write(bytes, struct);
        bytes.flip();
        message.read(new ByteBufferAccessor(bytes), version);
    }

    private static void messages(ArrayNode out) throws Exception {
        for (Object[] each : APIS) {
            ApiMessageType type = (ApiMessageType) each[0];
            for (int v = (int) each[1]; v <= (int) each[2]; v++) {
                for (boolean sparse : new boolean[] {false, true}) {
                    short version = (short) v;
                    int correlationId = type.apiKey() * 1000 + v;
                    ApiMessage request = type.newRequest();
                    fill(request, type.requestSchemas()[v], version, correlationId, sparse);
                    RequestHeaderData requestHeader = new RequestHeaderData().setRequestApiKey(type.apiKey())
                        .setRequestApiVersion(version).setCorrelationId(correlationId)
                        .setClientId(sparse ? null : "golden");
                    add(out, type, v, "request", sparse, request,
                        join(requestHeader, type.requestHeaderVersion(version), request, version));
                    ApiMessage response = type.newResponse();
                    fill(response, type.responseSchemas()[v], version, correlationId + 500, sparse);
                    ResponseHeaderData responseHeader = new ResponseHeaderData().setCorrelationId(correlationId);
                    add(out, type, v, "response", sparse, response,
                        join(responseHeader, type.responseHeaderVersion(version), response, version));
                }
            }
        }
    }

    private static void add(ArrayNode out, ApiMessageType type, int version, String kind, boolean sparse,
                            ApiMessage message, ByteBuffer frame) throws Exception {
        ObjectNode entry = out.addObject();
        entry.put("api", type.name).put("version", version).put("kind", kind).put("variant", sparse ? "sparse" : "full");
        entry.put("frame", hex(frame));
        entry.set("body", json(message, (short) version));
    }

    private static void consumerProtocol(ArrayNode out) throws Exception {
        for (short version = 0; version <= 3; version++) {
            for (boolean sparse : new boolean[] {false, true}) {
                ConsumerProtocolSubscription subscription = new ConsumerProtocolSubscription();
                fill(subscription, ConsumerProtocolSubscription.SCHEMAS[version], version, 77 + version, sparse);
                out.addObject().put("type", "subscription").put("version", version)
                    .put("bytes", hex(MessageUtil.toVersionPrefixedByteBuffer(version, subscription)))
                    .set("body", json(subscription, version));
                ConsumerProtocolAssignment assignment = new ConsumerProtocolAssignment();
                fill(assignment, ConsumerProtocolAssignment.SCHEMAS[version], version, 99 + version, sparse);
                out.addObject().put("type", "assignment").put("version", version)
                    .put("bytes", hex(MessageUtil.toVersionPrefixedByteBuffer(version, assignment)))
                    .set("body", json(assignment, version));
            }
        }
    }

    private static void batches(ArrayNode out) {
        Object[][] codecs = {{"none", Compression.NONE}, {"gzip", Compression.gzip().build()},
            {"snappy", Compression.snappy().build()}, {"lz4", Compression.lz4().build()}, {"zstd", Compression.zstd().build()}};
        for (Object[] codec : codecs) {
            Compression compression = (Compression) codec[1];
            addBatch(out, codec[0] + ", plain", varied(compression, TimestampType.CREATE_TIME, 0, false, 8));
            addBatch(out, codec[0] + ", transactional, log append time, offset 2^40",
                varied(compression, TimestampType.LOG_APPEND_TIME, 1L << 40, true, 5));
            addBatch(out, codec[0] + ", large", large(compression));
        }
        for (ControlRecordType type : new ControlRecordType[] {ControlRecordType.COMMIT, ControlRecordType.ABORT}) {
            addBatch(out, "control, " + type.name().toLowerCase(), MemoryRecords.withEndTransactionMarker(
                4242, 1_700_000_000_123L, 7, 9_000_000_001L, (short) 12, new EndTransactionMarker(type, 31)));
        }
        ByteBuffer empty = ByteBuffer.allocate(DefaultRecordBatch.RECORD_BATCH_OVERHEAD);
        DefaultRecordBatch.writeEmptyHeader(empty, RecordBatch.MAGIC_VALUE_V2, 5L, (short) 1, 17, 100, 109, 3,
            TimestampType.CREATE_TIME, 1_700_000_000_000L, true, false);
        empty.flip();
        addBatch(out, "emptied by compaction", MemoryRecords.readableRecords(empty));
    }

    private static MemoryRecords varied(Compression compression, TimestampType type, long baseOffset, boolean transactional, int count) {
        Random random = new Random(count);
        MemoryRecordsBuilder builder = new MemoryRecordsBuilder(ByteBuffer.allocate(4096), RecordBatch.MAGIC_VALUE_V2,
            compression, type, baseOffset, type == TimestampType.LOG_APPEND_TIME ? 1_700_000_999_999L : RecordBatch.NO_TIMESTAMP,
            transactional ? 123_456_789_012L : -1, (short) (transactional ? 3 : -1), transactional ? 2147483640 : -1,
            transactional, false, transactional ? 5 : -1, 4096);
        for (int i = 0; i < count; i++) {
            byte[] key = new byte[random.nextInt(80)];
            byte[] value = new byte[i == 3 ? 300 : random.nextInt(120)];
            random.nextBytes(key);
            random.nextBytes(value);
            Header[] headers = new Header[i % 3];
            for (int h = 0; h < headers.length; h++) {
                headers[h] = new RecordHeader(h == 0 ? "trace-é" : "", h == 0 ? new byte[] {1, 2, (byte) i} : null);
            }
            long timestamp = 1_700_000_000_000L + (i % 2 == 0 ? i * 86_400_000L * 40 : -i * 1000L);
            builder.appendWithOffset(baseOffset + i, timestamp, i % 4 == 1 ? null : key, i % 4 == 2 ? null : value, headers);
        }
        return builder.build();
    }

    /** Compresses well but fills several blocks of every codec. */
    private static MemoryRecords large(Compression compression) {
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 18), RecordBatch.MAGIC_VALUE_V2,
            compression, TimestampType.CREATE_TIME, 0);
        int count = compression == Compression.NONE ? 2 : 400;
        for (int i = 0; i < count; i++) {
            builder.append(1_700_000_000_000L + i, ("k" + i % 10).getBytes(), "the same words again and again ".repeat(12).getBytes());
        }
        return builder.build();
    }

    private static void addBatch(ArrayNode out, String name, MemoryRecords records) {
        ObjectNode entry = out.addObject().put("name", name).put("bytes", hex(records.buffer()));
        MutableRecordBatch batch = records.batches().iterator().next();
        entry.put("baseOffset", batch.baseOffset()).put("lastOffset", batch.lastOffset())
            .put("partitionLeaderEpoch", batch.partitionLeaderEpoch()).put("maxTimestampMs", batch.maxTimestamp())
            .put("producerId", batch.producerId()).put("producerEpoch", batch.producerEpoch())
            .put("baseSequence", batch.baseSequence()).put("isTransactional", batch.isTransactional())
            .put("isControl", batch.isControlBatch()).put("recordCount", batch.countOrNull())
            .put("compression", batch.compressionType().name)
            .put("timestampType", batch.timestampType() == TimestampType.CREATE_TIME ? "create-time" : "log-append-time");
        ArrayNode list = entry.putArray("records");
        boolean digest = name.endsWith("large");
        for (Record record : batch) {
            if (digest && record.offset() > 0) continue;
            ObjectNode node = list.addObject().put("offset", record.offset()).put("timestampMs", record.timestamp());
            node.put("key", record.hasKey() ? hex(record.key()) : null);
            node.put("value", record.hasValue() ? hex(record.value()) : null);
            ArrayNode headers = node.putArray("headers");
            for (Header header : record.headers()) headers.addArray().add(header.key()).add(hex(header.value()));
        }
    }

    private static void murmur2(ArrayNode out) {
        Random random = new Random(2);
        for (int length = 0; length < 40; length++) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            out.addArray().add(hex(bytes)).add(Utils.murmur2(bytes)).add(Utils.toPositive(Utils.murmur2(bytes)) % 48);
        }
    }

    private static void errors(ArrayNode out) {
        for (Errors error : Errors.values()) {
            out.addArray().add(error.name()).add(error.code()).add(error.exception() instanceof RetriableException);
        }
    }

    private static void sequences(ArrayNode out) {
        int[][] cases = {{0, 1}, {2147483647, 1}, {2147483640, 7}, {2147483640, 8}, {2147483640, 100}, {5, 2147483647}};
        for (int[] each : cases) {
            out.addArray().add(each[0]).add(each[1]).add(DefaultRecordBatch.incrementSequence(each[0], each[1]))
                .add(DefaultRecordBatch.decrementSequence(each[0], each[1]));
        }
    }

    private static void writeLines(String folder, String name, ArrayNode entries) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        try (PrintWriter file = new PrintWriter(new File(folder, name), "UTF-8")) {
            file.print("[\n");
            for (int i = 0; i < entries.size(); i++) {
                file.print(mapper.writeValueAsString(entries.get(i)) + (i + 1 < entries.size() ? ",\n" : "\n"));
            }
            file.print("]\n");
        }
    }

    public static void main(String[] arguments) throws Exception {
        ArrayNode messages = JSON.arrayNode();
        messages(messages);
        writeLines(arguments[0], "messages.json", messages);
        ArrayNode protocol = JSON.arrayNode();
        consumerProtocol(protocol);
        writeLines(arguments[0], "consumer-protocol.json", protocol);
        ArrayNode batches = JSON.arrayNode();
        batches(batches);
        writeLines(arguments[0], "batches.json", batches);
        ArrayNode murmur2 = JSON.arrayNode();
        murmur2(murmur2);
        writeLines(arguments[0], "murmur2.json", murmur2);
        ArrayNode errors = JSON.arrayNode();
        errors(errors);
        writeLines(arguments[0], "errors.json", errors);
        ArrayNode sequences = JSON.arrayNode();
        sequences(sequences);
        writeLines(arguments[0], "sequences.json", sequences);
    }
}
