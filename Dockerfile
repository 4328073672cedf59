# docker build -t onnxprune .
# docker run --rm -v "$PWD:/data" onnxprune model.onnx small.onnx --target macs=50%
#
# For --provider cuda: --build-arg NATIVES=all and a base with .NET 10, CUDA 13 and cuDNN 9 (--build-arg BASE=...), run with --gpus all.
ARG BASE=mcr.microsoft.com/dotnet/runtime:10.0

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG NATIVES=cpu
# The tag that is built, without its v: the history is not part of the context.
ARG VERSION
WORKDIR /src
COPY . .
RUN dotnet publish src/OnnxPrune.Cli -c Release -o /app -p:BundledNatives=$NATIVES ${VERSION:+-p:Version=$VERSION}

FROM $BASE
COPY --from=build /app /opt/onnxprune
WORKDIR /data
ENTRYPOINT ["/opt/onnxprune/OnnxPrune.Cli"]
