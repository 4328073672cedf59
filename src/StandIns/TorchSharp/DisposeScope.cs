using System;
using System.Collections.Generic;

namespace TorchSharp
{
    /// <summary>Disposes every tensor that this thread makes between its creation and its end. Scopes nest.</summary>
    public sealed class DisposeScope : IDisposable
    {
        [ThreadStatic] private static DisposeScope s_current;
        private readonly DisposeScope _outer;
        private HashSet<IDisposable> _disposables = new(ReferenceEqualityComparer.Instance);

        internal DisposeScope()
        {
            _outer = s_current;
            s_current = this;
        }

        internal static DisposeScope Current => s_current;

        internal void Add(IDisposable disposable) => _disposables.Add(disposable);

        internal void Remove(IDisposable disposable) => _disposables.Remove(disposable);

        internal void MoveToOuter(torch.Tensor tensor)
        {
            Detach(tensor);
            tensor.Scope = _outer;
            _outer?.Add(tensor);
        }

        internal void Detach(torch.Tensor tensor)
        {
            _disposables.Remove(tensor);
            tensor.Scope = null;
        }

        public void Dispose()
        {
            var all = _disposables;
            _disposables = new(ReferenceEqualityComparer.Instance);
            foreach (var disposable in all)
            {
                disposable.Dispose();
            }

            s_current = _outer;
        }
    }
}
