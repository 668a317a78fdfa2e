"""The paper's tables and figures, one file each, and what runs them: a graph of independent steps on Ray."""
