"""A real model server: llama.cpp's own, on a tiny model of random weights that is made on the spot. It says words, and
nothing with them.

    python llama.py [--exit-with-stdin]        prints its address and serves
"""

import pathlib
import signal
import subprocess
import sys
import tempfile

WORDS = ("the of and to in is you that it he was for on are with as his they be at one have this from or had by hot word but "
         "what some we can out other were all there when up use your how said an each she which do their time if will way").split()
EMBEDDING, BLOCKS, HEADS, FEED_FORWARD, CONTEXT = 64, 2, 4, 128, 1024
SLOTS = 2  # requests at a time
LONGEST_ANSWER = 48  # tokens


def make_model(path: pathlib.Path, seed: int = 7):
    """A GGUF file of the llama architecture: bytes and a few words as vocabulary, random weights. The same seed gives the
    same model."""
    import gguf
    import numpy

    random = numpy.random.default_rng(seed)
    kinds = gguf.TokenType
    vocabulary = [(b"<unk>", kinds.UNKNOWN), (b"<s>", kinds.CONTROL), (b"</s>", kinds.CONTROL)]
    vocabulary += [(f"<0x{byte:02X}>".encode(), kinds.BYTE) for byte in range(256)]
    first_word = len(vocabulary)
    vocabulary += [(f"\N{LOWER ONE EIGHTH BLOCK}{word}".encode(), kinds.NORMAL) for word in WORDS]

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("random words")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(EMBEDDING // HEADS)
    writer.add_vocab_size(len(vocabulary))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text for text, _ in vocabulary])
    writer.add_token_types([kind for _, kind in vocabulary])
    writer.add_token_scores([-float(rank) for rank in range(len(vocabulary))])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{% for message in messages %}{{ message['content'] }}\n{% endfor %}")

    def tensor(name: str, *shape: int):
        values = random.normal(0, 0.3, shape)
        writer.add_tensor(name, values.astype(numpy.float32))

    def ones(name: str):
        writer.add_tensor(name, numpy.ones(EMBEDDING, numpy.float32))

    tensor("token_embd.weight", len(vocabulary), EMBEDDING)
    ones("output_norm.weight")
    output = random.normal(0, 0.3, (len(vocabulary), EMBEDDING))
    output[:first_word] = 0  # it speaks in words
    writer.add_tensor("output.weight", output.astype(numpy.float32))
    for block in range(BLOCKS):
        ones(f"blk.{block}.attn_norm.weight")
        ones(f"blk.{block}.ffn_norm.weight")
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensor(f"blk.{block}.{part}.weight", EMBEDDING, EMBEDDING)
        tensor(f"blk.{block}.ffn_gate.weight", FEED_FORWARD, EMBEDDING)
        tensor(f"blk.{block}.ffn_up.weight", FEED_FORWARD, EMBEDDING)
        tensor(f"blk.{block}.ffn_down.weight", EMBEDDING, FEED_FORWARD)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class LlamaServer:
    """llama.cpp's server in a process of its own, on a free loopback port; ends with the block."""

    def __init__(self, folder: pathlib.Path):
        self.log = (folder / "llama.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--exit-with-stdin"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url, (folder / "llama.log").read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def load():
    """The server, which has the model in memory."""
    import xllamacpp

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "random-words.gguf"
        make_model(path)
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.model_alias = {"random-words"}
        parameters.n_ctx, parameters.n_parallel, parameters.n_predict = CONTEXT * SLOTS, SLOTS, LONGEST_ANSWER
        # The same question has the same answer, asked before or not.
        parameters.cache_prompt = False
        parameters.cpuparams.n_threads = 1
        parameters.warmup = False
        return xllamacpp.Server(parameters)


if __name__ == "__main__":
    server = load()
    print(server.listening_address, flush=True)
    sys.stdin.read() if "--exit-with-stdin" in sys.argv else signal.pause()
