"""Gradio, told its prefix by GRADIO_ROOT_PATH."""
# mypy: ignore-errors

import sys

import gradio

demo = gradio.Interface(lambda name: f"hello {name}", "text", "text")

if __name__ == "__main__":
    demo.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), quiet=True)
