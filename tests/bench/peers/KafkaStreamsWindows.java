import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Kafka Streams: a tumbling window in memory with a changelog topic, one thread.
 *
 * <p>Arguments: KAFKA TOPIC TOTAL LEAD_IN_EVENTS CACHE_BYTES. Prints the rate as the other readers
 * do, then ends.
 */
public final class KafkaStreamsWindows {
    private static final Duration PANE = Duration.ofMinutes(1);
    private static long total;
    private static long leadIn;
    private static long seen;
    private static long leftOut;
    private static long beganNs;
    private static long beganCpuNs;

    public static void main(String[] args) throws Exception {
        total = Long.parseLong(args[2]);
        leadIn = Long.parseLong(args[3]);
        var cacheBytes = Long.parseLong(args[4]);
        var settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "bench-" + UUID.randomUUID());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, cacheBytes);
        settings.put(
            StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("bench").toString());
        settings.put("auto.offset.reset", "earliest");
        new KafkaStreams(topology(args[1], cacheBytes > 0).build(), settings).start();
    }

    private static StreamsBuilder topology(String topic, boolean cached) {
        var mapper = new ObjectMapper();
        var builder = new StreamsBuilder();
        var store = Stores.inMemoryWindowStore("tallies", Duration.ofHours(1), PANE, false);
        Materialized<String, long[], WindowStore<org.apache.kafka.common.utils.Bytes, byte[]>>
            state = Materialized.as(store);
        state.withKeySerde(Serdes.String()).withValueSerde(tallies());
        builder.stream(topic, Consumed.with(Serdes.String(), Serdes.ByteArray()))
            .mapValues(value -> read(mapper, value))
            .groupByKey(Grouped.with(Serdes.String(), null))
            .windowedBy(TimeWindows.ofSizeWithNoGrace(PANE))
            .aggregate(
                () -> new long[3],
                (person, event, tally) -> add(event, tally),
                cached ? state.withCachingEnabled() : state.withCachingDisabled());
        return builder;
    }

    private static JsonNode read(ObjectMapper mapper, byte[] value) {
        try {
            return mapper.readTree(value);
        } catch (java.io.IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }

    private static long[] add(JsonNode event, long[] tally) {
        count();
        var handleMs = event.get("handle_ms").longValue();
        return new long[] {tally[0] + 1, tally[1] + handleMs, Math.max(tally[2], handleMs)};
    }

    private static Serde<long[]> tallies() {
        return Serdes.serdeFrom(
            (topic, tally) ->
                tally == null
                    ? null
                    : ByteBuffer.allocate(24)
                        .putLong(tally[0]).putLong(tally[1]).putLong(tally[2]).array(),
            (topic, bytes) -> {
                if (bytes == null) {
                    return null;
                }
                var in = ByteBuffer.wrap(bytes);
                return new long[] {in.getLong(), in.getLong(), in.getLong()};
            });
    }

    private static void count() {
        seen++;
        if (seen == leadIn) {
            leftOut = seen;
            beganNs = System.nanoTime();
            beganCpuNs = cpuNs();
        } else if (seen == total) {
            System.out.printf(
                java.util.Locale.ROOT,
                "{\"events\": %d, \"wall_s\": %.4f, \"cpu_s\": %.4f}%n",
                seen - leftOut, (System.nanoTime() - beganNs) / 1e9, (cpuNs() - beganCpuNs) / 1e9);
            System.out.flush();
            Runtime.getRuntime().halt(0);
        }
    }

    private static long cpuNs() {
        var machine = ManagementFactory.getOperatingSystemMXBean();
        return ((com.sun.management.OperatingSystemMXBean) machine).getProcessCpuTime();
    }
}
