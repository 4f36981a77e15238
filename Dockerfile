# The command line as an image: docker build -t bakeoff . && docker run -v "$PWD:/data" bakeoff report pictures
# For the CPU build of torch: docker build --build-arg TORCH_INDEX=<the CPU index on PyTorch's "Get started" page> ...
FROM python:3.12-slim
ARG TORCH_INDEX=
COPY . /src
RUN pip install --no-cache-dir --constraint /src/constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch \
 && pip install --no-cache-dir --constraint /src/constraints.txt /src
WORKDIR /data
ENTRYPOINT ["bakeoff"]
