# The command line as an image: docker run -v "$PWD:/work" bakeoff report pictures
FROM python:3.12-slim
COPY . /src
RUN pip install --no-cache-dir --constraint /src/constraints.txt /src
WORKDIR /work
ENTRYPOINT ["bakeoff"]
