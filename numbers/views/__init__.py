"""The pages about numbers, under ``/a/<slug>/``. One module a topic."""
