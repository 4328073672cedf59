using System.Collections.Concurrent;
using OnnxPrune.Calibration.Activations;

namespace OnnxPrune.Calibration.Tests.Activations;

public sealed class OrderedParallelTests
{
    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(50, 1)]
    [InlineData(50, 3)]
    public void Hands_over_in_order_and_works_on_no_more_than_it_may(int count, int atOnce)
    {
        var (working, most) = (0, 0);
        var handed = new List<int>();

        foreach (var made in OrderedParallel.Run(count, atOnce, Make))
        {
            handed.Add(made.Batch);
        }

        Assert.Equal(Enumerable.Range(0, count), handed);
        Assert.InRange(most, 0, atOnce);

        Made Make(int batch)
        {
            var now = Interlocked.Increment(ref working);
            InterlockedMax(ref most, now);
            Thread.Sleep(batch % 3);
            Interlocked.Decrement(ref working);
            return new Made(batch);
        }
    }

    [Fact]
    public void What_is_not_asked_for_any_more_is_disposed_and_waited_for()
    {
        var all = new ConcurrentBag<Made>();
        var first = OrderedParallel.Run(20, 3, Make).First();

        Assert.Equal(0, first.Batch);
        Assert.InRange(all.Count, 1, 6);
        Assert.All(all, m => Assert.Equal(m != first, m.IsDisposed));

        Made Make(int batch)
        {
            var made = new Made(batch);
            all.Add(made);
            return made;
        }
    }

    [Fact]
    public void A_failure_comes_out_as_it_is_and_loses_nothing()
    {
        var all = new ConcurrentBag<Made>();

        var failure = Assert.Throws<UnsupportedModelException>(() =>
        {
            foreach (var made in OrderedParallel.Run(9, 3, Make))
            {
                made.Dispose();
            }
        });

        Assert.Equal("batch 4", failure.Message);
        Assert.All(all, m => Assert.True(m.IsDisposed));

        Made Make(int batch)
        {
            if (batch == 4)
            {
                throw new UnsupportedModelException("batch 4");
            }

            var made = new Made(batch);
            all.Add(made);
            return made;
        }
    }

    [Fact]
    public void Both_sides_end_before_a_failure_is_told()
    {
        var hasEnded = false;

        Assert.Throws<UnsupportedModelException>(() => Concurrently.Run(
            () => throw new UnsupportedModelException("the first"),
            () =>
            {
                Thread.Sleep(20);
                hasEnded = true;
            },
            2));

        Assert.True(hasEnded);
        Assert.Throws<UsageException>(() => Concurrently.Run(() => { }, () => throw new UsageException("the second"), 2));
    }

    [Fact]
    public void With_one_thread_the_second_waits_for_the_first()
    {
        var order = new ConcurrentQueue<int>();
        var thread = Environment.CurrentManagedThreadId;

        Concurrently.Run(() => order.Enqueue(1), () => order.Enqueue(Environment.CurrentManagedThreadId == thread ? 2 : 0), threads: 1);

        Assert.Equal([1, 2], order);
    }

    [Fact]
    public void Of_two_that_are_opened_none_stays_open_where_the_other_fails()
    {
        var made = new Made(0);

        Assert.Throws<UsageException>(() => Concurrently.Open(() => made, Made () => throw new UsageException("the second"), 2));

        Assert.True(made.IsDisposed);
        Assert.Equal((1, 2), Concurrently.Open(() => new Made(1), () => new Made(2), 2) is var (a, b) ? (a.Batch, b.Batch) : default);
    }

    [Theory]
    [InlineData(20, 1000, 4, 4)]
    [InlineData(2, 1000, 4, 2)]
    [InlineData(20, 1000, 64, 8)]
    [InlineData(20, 900_000, 4, 1)]
    public void Few_large_batches_are_worked_on_at_once(int batches, long elements, int threads, int expected) =>
        Assert.Equal(expected, OrderedParallel.AtOnce(batches, elements, threads));

    private static void InterlockedMax(ref int most, int value)
    {
        for (var known = most; value > known; known = most)
        {
            Interlocked.CompareExchange(ref most, value, known);
        }
    }

    private sealed class Made(int batch) : IDisposable
    {
        public int Batch => batch;

        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
